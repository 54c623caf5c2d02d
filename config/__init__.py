"""What an operator edits, and the strict reader of it. Imports no project code."""

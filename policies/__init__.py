"""Execution policies: the YAML document, and the rules that may only lower a candidate's cap."""

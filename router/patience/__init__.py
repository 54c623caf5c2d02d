"""The urgency table: what a share is worth done, learned from paths by backward induction.

A reader's room: it makes tables and reads them from files. What serves them is
`router.core.patience`, a look-up in arrays.
"""

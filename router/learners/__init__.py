"""Learners say where the next share is best sent: one file each."""

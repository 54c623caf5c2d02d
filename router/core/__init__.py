"""The functional core: state, what to do about an event, and nothing that touches the outside."""

"""The desk's pages about handles, departments, people and the audit trail."""

"""Cases: a matter with parties, a workflow, deadlines, evidence, an outcome and an appeal. See docs/cases.md."""

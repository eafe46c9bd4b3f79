"""The prompts: text files that ``assistant.prompting`` loads."""

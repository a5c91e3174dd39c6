"""What a person sees and types: console, prompts, progress, signals."""

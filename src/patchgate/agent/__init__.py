"""One model task: prompts, tools and the loop. It may think; it may not write."""

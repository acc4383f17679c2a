import type { StartScreenPrompt } from "@openai/chatkit";

/** Prompts of the start screen; each works with the offline assistant. */
export const PROMPTS: StartScreenPrompt[] = [
  {
    label: "Add a task for tomorrow",
    prompt: "add buy milk tomorrow at 5pm",
    icon: "plus",
  },
  {
    label: "What is due today?",
    prompt: "what's due today?",
    icon: "calendar",
  },
  {
    label: "What should I do next?",
    prompt: "what should I do next?",
    icon: "compass",
  },
  {
    label: "What can you do?",
    prompt: "help",
    icon: "circle-question",
  },
];

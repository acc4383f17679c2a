import { ChatKit, useChatKit } from "@openai/chatkit-react";

export type ChatProps = {
  user: string;
  /** The customer that is open on the page. */
  customer: Record<string, string>;
  /** Requests a client secret from our back end. */
  getClientSecret: () => Promise<string>;
};

const isDark = matchMedia("(prefers-color-scheme: dark)").matches;

export function Chat({ user, customer, getClientSecret }: ChatProps) {
  const url = `${import.meta.env.VITE_CHAT_URL}/api/${user}/chat`;
  const { control } = useChatKit({
    api: { url, getClientSecret },
    theme: {
      colorScheme: isDark ? "dark" : "light",
      radius: "soft",
      color: {
        accent: { primary: isDark ? "#8fd3a8" : "#2f6f4f", level: 2 },
        grayscale: { hue: 140, tint: 4 },
      },
    },
    startScreen: {
      greeting: `What's next, ${user}?`,
      prompts: [
        { label: "Call this customer", prompt: "Remind me to call this customer tomorrow" },
      ],
    },
    // The assistant asks the page; crm.py declares the tool.
    onClientTool: ({ name }) => {
      if (name !== "get_open_customer") throw new Error(`unknown tool: ${name}`);
      return customer;
    },
  });
  return <ChatKit control={control} className="chat" />;
}

import { ChatContainer } from "@/components/chat/ChatContainer";

export default function ChatPage() {
  return (
    <main className="h-full">
      <ChatContainer showTasksLink />
    </main>
  );
}

import { FloatingChat } from "@/components/chat/FloatingChat";

export default function HomePage() {
  return <FloatingChat />;
}

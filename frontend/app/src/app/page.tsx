import { FloatingChat } from "@/components/chat/FloatingChat";
import { SiteHeader } from "@/components/layout/SiteHeader";
import { TaskPanel } from "@/components/tasks/TaskPanel";

export default function HomePage() {
  return (
    <>
      <SiteHeader />
      <TaskPanel />
      <FloatingChat />
    </>
  );
}

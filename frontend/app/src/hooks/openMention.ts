import { isWide } from "@/hooks/useIsWide";
import { useChatWindow } from "@/stores/chatWindowStore";
import { useOpenedTask } from "@/stores/openedTaskStore";

/** Shows the task or the list of a clicked mention; on a phone, the chat no longer covers it. */
export function openMention({ id }: { id: string }): void {
  const kind = id.startsWith("lst_") ? "list" : "task";
  if (window.location.pathname !== "/") {
    window.location.assign(`/?${kind}=${encodeURIComponent(id)}`);
    return;
  }
  const { open, openList } = useOpenedTask.getState();
  if (kind === "list") openList(id);
  else open(id);
  if (!isWide()) useChatWindow.getState().close();
}

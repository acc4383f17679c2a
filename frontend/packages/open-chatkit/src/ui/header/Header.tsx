import type { HeaderOption } from "@openai/chatkit";
import { IconButton } from "../common/IconButton";
import { useT, useUi } from "../context";

type Action = NonNullable<HeaderOption["leftAction"]>;

function CustomAction({ action, label }: { action: Action | undefined; label: string }) {
  if (!action) return null;
  return <IconButton icon={action.icon} label={label} onClick={() => action.onClick()} />;
}

/** Converts `sidebar-open-left` to "Sidebar open left": pages only name the icon. */
function iconLabel(icon: string): string {
  const words = icon.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The thread's title between the page's buttons and the element's. */
export function Header() {
  const ui = useUi();
  const t = useT();
  const { chat } = ui;
  const { header = {}, history } = ui.options.value;
  if (header.enabled === false) return null;
  const { leftAction, rightAction } = header;
  const showsTitle = header.title?.enabled ?? true;
  const title = header.title?.text ?? chat.thread.value?.title ?? "";
  const isNew = chat.threadId.value === null && chat.itemIds.value.length === 0;
  return (
    <div class="header" part="header">
      <div class="header-side">
        <CustomAction action={leftAction} label={iconLabel(leftAction?.icon ?? "")} />
      </div>
      {showsTitle && title !== "" && (
        <h1 class="title" part="title" dir="auto">
          {title}
        </h1>
      )}
      <div class="header-side end">
        {!isNew && (
          <IconButton
            icon="compose"
            label={t("newChat")}
            onClick={() => {
              chat.newThread();
              ui.focusComposer.value?.();
            }}
          />
        )}
        {(history?.enabled ?? true) && (
          <IconButton
            icon="history"
            label={t("history")}
            expanded={ui.view.value === "history"}
            onClick={() => {
              ui.view.value = "history";
            }}
          />
        )}
        <CustomAction action={rightAction} label={iconLabel(rightAction?.icon ?? "")} />
      </div>
    </div>
  );
}

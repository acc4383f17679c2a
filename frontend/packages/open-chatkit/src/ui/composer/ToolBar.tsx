import type { ToolOption } from "@openai/chatkit";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { IconButton } from "../common/IconButton";
import { Menu } from "../common/Menu";
import type { MenuEntry } from "../common/menuEntries";
import { useT, useUi } from "../context";

export type ToolBarProps = {
  canAttach: boolean;
  onAttach: () => void;
  /** Undefined if nothing can be mentioned. */
  onMention: (() => void) | undefined;
};

const ATTACH = "attach";

function ToolChip({
  tool,
  chosen,
  onToggle,
}: {
  tool: ToolOption;
  chosen: boolean;
  onToggle: () => void;
}) {
  const t = useT();
  const label = chosen ? t("clearTool", { name: tool.label }) : tool.label;
  return (
    <button
      type="button"
      class={`chip-button ${chosen ? "chosen" : ""}`}
      aria-pressed={chosen}
      aria-label={label}
      title={label}
      onClick={onToggle}
    >
      <Icon name={tool.icon} size={16} />
      <span class="chip-label">{tool.shortLabel ?? tool.label}</span>
      {chosen && <Icon name="close" size={12} />}
    </button>
  );
}

/** Files and tools: pinned tools as buttons, the others in a menu behind a plus. */
export function ToolBar({ canAttach, onAttach, onMention }: ToolBarProps) {
  const ui = useUi();
  const t = useT();
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const { composer } = ui.chat;
  const { toolId } = composer.draft.value;
  const tools = ui.options.value.composer?.tools ?? [];
  const inMenu = tools.filter((tool) => !tool.pinned);
  const asChips = tools.filter((tool) => tool.pinned || tool.id === toolId);
  const toggle = (id: string): void => {
    composer.set({ toolId: id === composer.draft.peek().toolId ? null : id });
    ui.focusComposer.value?.();
  };
  const entries: MenuEntry[] = [
    ...(canAttach ? [{ id: ATTACH, label: t("attach"), icon: "attach" }] : []),
    ...inMenu.map((tool) => ({ id: `tool ${tool.id}`, label: tool.label, icon: tool.icon })),
  ];
  const needsMenu = inMenu.length > 0;
  return (
    <div class="tool-bar">
      {needsMenu && (
        <span class="menu-anchor">
          <IconButton
            buttonRef={anchor}
            icon="plus"
            label={t(canAttach ? "more" : "tools")}
            hasPopup="menu"
            expanded={open}
            onClick={() => setOpen(!open)}
          />
          {open && (
            <Menu
              label={t("tools")}
              entries={entries}
              anchor={anchor}
              side="above"
              onClose={() => setOpen(false)}
              onSelect={(id) => (id === ATTACH ? onAttach() : toggle(id.slice("tool ".length)))}
            />
          )}
        </span>
      )}
      {!needsMenu && canAttach && <IconButton icon="plus" label={t("attach")} onClick={onAttach} />}
      {onMention && <IconButton icon="at" label={t("mention")} onClick={onMention} />}
      {asChips.map((tool) => (
        <ToolChip
          key={tool.id}
          tool={tool}
          chosen={tool.id === toolId}
          onToggle={() => toggle(tool.id)}
        />
      ))}
    </div>
  );
}

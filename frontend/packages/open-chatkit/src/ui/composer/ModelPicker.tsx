import { useRef, useState } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { Menu } from "../common/Menu";
import { useT, useUi } from "../context";

/** Selects the model for the next message. */
export function ModelPicker() {
  const ui = useUi();
  const t = useT();
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLButtonElement>(null);
  const models = ui.options.value.composer?.models ?? [];
  if (models.length === 0) return null;
  const { composer } = ui.chat;
  const { modelId } = composer.draft.value;
  const chosen =
    models.find((model) => model.id === modelId) ??
    models.find((model) => model.default) ??
    models.find((model) => !model.disabled);
  return (
    <span class="menu-anchor">
      <button
        ref={anchor}
        type="button"
        class="chip-button quiet"
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={`${t("models")}: ${chosen?.label ?? ""}`}
        onClick={() => setOpen(!open)}
      >
        <span class="chip-label">{chosen?.label}</span>
        <Icon name="chevron-down" size={14} />
      </button>
      {open && (
        <Menu
          label={t("models")}
          anchor={anchor}
          align="end"
          side="above"
          entries={models.map((model) => ({
            id: model.id,
            label: model.label,
            description: model.description,
            disabled: model.disabled,
            checked: model.id === chosen?.id,
          }))}
          onClose={() => setOpen(false)}
          onSelect={(id) => composer.set({ modelId: id })}
        />
      )}
    </span>
  );
}

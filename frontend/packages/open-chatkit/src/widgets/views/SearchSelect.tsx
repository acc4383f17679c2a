import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useSettings } from "../context";
import { FIELD, linkLabels, readableName } from "../fields";
import { Icon } from "../Icon";
import { loader, useLoaded } from "../lazy";
import { nested } from "../payload";
import type { ActionConfig, SelectShape } from "../types";
import { useAction } from "../useAction";
import { useFieldValue } from "../useFieldValue";
import { controlClass } from "./field";

const searchList = loader(() => import("../lazy/SearchList").then((module) => module.SearchList));

/** One of many options, found by some letters. Its list is loaded when it is first opened. */
export function SearchSelect({ node }: { node: SelectShape }) {
  const { strings } = useSettings();
  const trigger = useRef<HTMLButtonElement>(null);
  const hidden = useRef<HTMLInputElement>(null);
  const [isOpen, setOpen] = useState(false);
  const SearchList = useLoaded(searchList, isOpen);
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultValue ?? "", hasAction);
  const isWaiting = action.isBlocked || action.isPending;
  const options = node.options ?? [];
  const chosen = options.find((option) => option.value === value);
  const label = node.placeholder || strings.choose;
  useLayoutEffect(() => linkLabels(trigger.current));

  async function change(next: string): Promise<void> {
    const takeBack = choose(next);
    // A field's value is read from the document, so that must have it.
    if (hidden.current) hidden.current.value = next;
    if (!hasAction) return;
    if (await action.run(trigger.current, nested([[node.name, next]]))) return;
    takeBack();
    if (hidden.current) hidden.current.value = value;
  }

  function close(): void {
    setOpen(false);
    trigger.current?.focus({ preventScroll: true });
  }

  return (
    <div class={`w-select-frame${node.block ? " w-block" : ""}`}>
      <input
        ref={hidden}
        type="hidden"
        name={node.name}
        value={chosen ? value : ""}
        disabled={node.disabled === true}
      />
      <div class="w-select-line">
        <button
          ref={trigger}
          type="button"
          class={`${controlClass("w-select", node, "outline")}${chosen ? "" : " w-empty"}`}
          disabled={node.disabled === true}
          aria-disabled={isWaiting ? true : undefined}
          aria-busy={action.isPending ? true : undefined}
          aria-haspopup="listbox"
          aria-expanded={isOpen}
          aria-label={chosen ? undefined : `${readableName(node.name)}: ${label}`}
          onClick={() => !isWaiting && setOpen(!isOpen)}
          {...{ [FIELD]: node.name }}
        >
          <span data-w-value="">{chosen?.label ?? label}</span>
        </button>
        {action.isPending ? (
          <span class="w-spinner" role="status" aria-label={strings.loading} />
        ) : (
          <Icon name="chevron-down" class="w-select-arrow" />
        )}
        {node.clearable && chosen && !node.disabled && !isWaiting ? (
          <button
            type="button"
            class="w-clear"
            aria-label={strings.clear}
            onClick={() => {
              trigger.current?.focus();
              void change("");
            }}
          >
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      {chosen?.description ? <p class="w-select-about">{chosen.description}</p> : null}
      {isOpen && SearchList ? (
        <SearchList
          anchor={trigger}
          label={readableName(node.name)}
          options={options}
          value={value}
          strings={strings}
          onChoose={(next) => {
            close();
            if (next !== value) void change(next);
          }}
          onClose={close}
        />
      ) : null}
    </div>
  );
}

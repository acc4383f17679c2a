import { useLayoutEffect, useRef } from "preact/hooks";
import { useSettings } from "../context";
import { FIELD, linkLabels, readableName } from "../fields";
import { Icon } from "../Icon";
import { nested } from "../payload";
import type { ActionConfig, SelectShape } from "../types";
import { useAction } from "../useAction";
import { useFieldValue } from "../useFieldValue";
import { controlClass } from "./field";
import { SearchSelect } from "./SearchSelect";

/** One of some options; with `searchable` it can be found by some letters. */
export function Select({ node }: { node: SelectShape }) {
  return node.searchable ? <SearchSelect node={node} /> : <PlainSelect node={node} />;
}

/** The browser's own list: it is right on phones and for screen readers. */
function PlainSelect({ node }: { node: SelectShape }) {
  const { strings } = useSettings();
  const ref = useRef<HTMLSelectElement>(null);
  const action = useAction(node.onChangeAction as ActionConfig | undefined, "none");
  const hasAction = Boolean(node.onChangeAction);
  const { value, choose } = useFieldValue(node.defaultValue ?? "", hasAction);
  useLayoutEffect(() => linkLabels(ref.current));

  const options = node.options ?? [];
  const chosen = options.find((option) => option.value === value);
  const isOff = node.disabled === true;
  const isWaiting = action.isBlocked || action.isPending;

  async function change(next: string): Promise<void> {
    if (isWaiting) {
      // A disabled select would lose the focus: this one doesn't move.
      if (ref.current) ref.current.value = value;
      return;
    }
    const takeBack = choose(next);
    // A field's value is read from the document, so that must have it.
    if (ref.current) ref.current.value = next;
    if (!hasAction) return;
    if (await action.run(ref.current, nested([[node.name, next]]))) return;
    takeBack();
    if (ref.current) ref.current.value = value;
  }

  return (
    <div class={`w-select-frame${node.block ? " w-block" : ""}`}>
      <div class="w-select-line">
        <select
          ref={ref}
          class={`${controlClass("w-select", node, "outline")}${chosen ? "" : " w-empty"}`}
          name={node.name}
          value={chosen ? value : ""}
          disabled={isOff}
          aria-disabled={isWaiting ? true : undefined}
          aria-label={node.placeholder || readableName(node.name)}
          aria-busy={action.isPending ? true : undefined}
          onChange={(event) => void change(event.currentTarget.value)}
          {...{ [FIELD]: node.name }}
        >
          {chosen && !node.clearable ? null : (
            <option value="" disabled={!node.clearable} hidden={!node.clearable}>
              {node.placeholder || strings.choose}
            </option>
          )}
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled === true}>
              {option.label}
            </option>
          ))}
        </select>
        {action.isPending ? (
          <span class="w-spinner" role="status" aria-label={strings.loading} />
        ) : (
          <Icon name="chevron-down" class="w-select-arrow" />
        )}
        {node.clearable && chosen && !isOff ? (
          <button
            type="button"
            class="w-clear"
            aria-label={strings.clear}
            onClick={() => {
              ref.current?.focus();
              void change("");
            }}
          >
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      {chosen?.description ? <p class="w-select-about">{chosen.description}</p> : null}
    </div>
  );
}

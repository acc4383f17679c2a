import { useRef } from "preact/hooks";
import { useSettings } from "../context";
import { FIELD, readableName } from "../fields";
import type { SelectShape } from "../types";
import { useChoice } from "../useChoice";
import { controlClass } from "./field";
import { ClearButton, SelectEnd } from "./fieldParts";
import { SearchSelect } from "./SearchSelect";

/** More options than this are searchable, unless the widget says otherwise. */
const SEARCHED = 15;

/** A select, optionally searchable. */
export function Select({ node }: { node: SelectShape }) {
  const isLong = (node.options?.length ?? 0) > SEARCHED;
  return (node.searchable ?? isLong) ? <SearchSelect node={node} /> : <PlainSelect node={node} />;
}

/** A native select, which works well on phones and with screen readers. */
function PlainSelect({ node }: { node: SelectShape }) {
  const { strings } = useSettings();
  const ref = useRef<HTMLSelectElement>(null);
  const { value, change, isPending, isWaiting } = useChoice(node, ref, ref);
  const options = node.options ?? [];
  const chosen = options.find((option) => option.value === value);
  const isDisabled = node.disabled === true;

  function applyChoice(next: string): void {
    if (!isWaiting) void change(next);
    // A disabled select would lose the focus, so reset the value instead.
    else if (ref.current) ref.current.value = value;
  }

  return (
    <div class={`w-select-frame${node.block ? " w-block" : ""}`}>
      <div class="w-select-line">
        <select
          ref={ref}
          class={`${controlClass("w-select", node, "outline")}${chosen ? "" : " w-empty"}`}
          name={node.name}
          value={chosen ? value : ""}
          disabled={isDisabled}
          aria-disabled={isWaiting ? true : undefined}
          aria-label={node.placeholder || readableName(node.name)}
          aria-busy={isPending ? true : undefined}
          onChange={(event) => applyChoice(event.currentTarget.value)}
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
        <SelectEnd isPending={isPending} />
        {node.clearable && chosen && !isDisabled ? (
          <ClearButton control={ref} onClear={() => applyChoice("")} />
        ) : null}
      </div>
      {chosen?.description ? <p class="w-select-about">{chosen.description}</p> : null}
    </div>
  );
}

import { useRef } from "preact/hooks";
import { useSettings } from "../context";
import { FIELD, readableName } from "../fields";
import { loader, useLoaded } from "../lazy";
import type { SelectShape } from "../types";
import { useChoice } from "../useChoice";
import { controlClass } from "./field";
import { ClearButton, SelectEnd, useOpen } from "./fieldParts";

const searchList = loader("a searchable list", () =>
  import("../lazy/SearchList").then((module) => module.SearchList),
);

/** A searchable select. Its list is loaded when it is first opened. */
export function SearchSelect({ node }: { node: SelectShape }) {
  const { strings } = useSettings();
  const trigger = useRef<HTMLButtonElement>(null);
  const hidden = useRef<HTMLInputElement>(null);
  const { isOpen, toggle, close } = useOpen(trigger);
  const { value: SearchList, failed } = useLoaded(searchList, isOpen);
  const { value, change, isPending, isWaiting } = useChoice(node, trigger, hidden);
  const options = node.options ?? [];
  const chosen = options.find((option) => option.value === value);
  const label = node.placeholder || strings.choose;

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
          aria-busy={isPending ? true : undefined}
          aria-haspopup="listbox"
          aria-expanded={isOpen}
          aria-label={chosen ? undefined : `${readableName(node.name)}: ${label}`}
          onClick={() => !isWaiting && toggle()}
          {...{ [FIELD]: node.name }}
        >
          <span data-w-value="">{chosen?.label ?? label}</span>
        </button>
        <SelectEnd isPending={isPending} />
        {node.clearable && chosen && !node.disabled && !isWaiting ? (
          <ClearButton control={trigger} onClear={() => void change("")} />
        ) : null}
      </div>
      {chosen?.description ? <p class="w-select-about">{chosen.description}</p> : null}
      {failed ? <p class="w-fallback-note">{strings.unknown("Select")}</p> : null}
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

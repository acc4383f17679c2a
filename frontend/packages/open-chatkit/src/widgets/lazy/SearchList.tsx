import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { newId } from "../fields";
import { Icon } from "../Icon";
import type { WidgetStrings } from "../strings";
import type { SelectShape } from "../types";
import { usePopover } from "./usePopover";

type Option = SelectShape["options"][number];

export type SearchListProps = {
  anchor: { current: HTMLElement | null };
  label: string;
  options: readonly Option[];
  value: string;
  strings: WidgetStrings;
  onChoose: (value: string) => void;
  onClose: () => void;
};

/** Removes case and diacritics, so that "cafe" finds "Café". */
function normalize(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function found(options: readonly Option[], query: string): readonly Option[] {
  const wanted = normalize(query.trim());
  return options.filter(({ label, description }) =>
    normalize(`${label} ${description ?? ""}`).includes(wanted),
  );
}

/** Options with a search field. The cursor stays in the field. */
export function SearchList(props: SearchListProps) {
  const { label, options, value, strings, onChoose } = props;
  const panel = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const id = useRef("");
  id.current ||= newId();
  const [query, setQuery] = useState("");
  const shown = found(options, query);
  const usable = shown.filter((option) => option.disabled !== true);
  const [active, setActive] = useState(value);
  const current = usable.find((option) => option.value === active) ?? usable[0];
  const optionId = (option: Option) => `${id.current}-${options.indexOf(option)}`;
  usePopover(panel, { ...props, side: "bottom", align: "start" });
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  useLayoutEffect(() => {
    panel.current?.querySelector("[data-active]")?.scrollIntoView?.({ block: "nearest" });
  });

  function onKeyDown(event: KeyboardEvent): void {
    const at = current ? usable.indexOf(current) : -1;
    const targets: Record<string, number> = {
      ArrowDown: (at + 1) % usable.length,
      ArrowUp: (at - 1 + usable.length) % usable.length,
      PageUp: 0,
      PageDown: usable.length - 1,
    };
    const next = usable[targets[event.key] ?? -1];
    if (next) setActive(next.value);
    else if (event.key === "Enter" && !event.isComposing && event.keyCode !== 229) {
      if (current) onChoose(current.value);
    } else return;
    event.preventDefault();
  }

  return (
    <div ref={panel} class="w-search" popover="manual">
      <input
        ref={field}
        class="w-input w-control w-size-md w-search-field"
        type="text"
        role="combobox"
        dir="auto"
        autocomplete="off"
        aria-label={`${label}: ${strings.search}`}
        placeholder={strings.search}
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls={id.current}
        aria-activedescendant={current ? optionId(current) : undefined}
        onInput={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {shown.length === 0 ? (
        <p class="w-search-none" role="status">
          {strings.nothingFound}
        </p>
      ) : null}
      <div class="w-search-list" role="listbox" id={id.current} aria-label={label}>
        {shown.map((option) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys go to the field, which has the focus
          // biome-ignore lint/a11y/useFocusableInteractive: see above
          <div
            key={option.value}
            id={optionId(option)}
            class="w-search-option"
            role="option"
            dir="auto"
            aria-selected={option.value === value}
            aria-disabled={option.disabled === true ? true : undefined}
            data-active={option === current ? "" : undefined}
            // The field must keep the focus.
            onPointerDown={(event) => event.preventDefault()}
            onPointerMove={() => option.disabled !== true && setActive(option.value)}
            onClick={() => option.disabled !== true && onChoose(option.value)}
          >
            <span>
              {option.label}
              {option.description ? <small>{option.description}</small> : null}
            </span>
            {option.value === value ? <Icon name="check" /> : null}
          </div>
        ))}
      </div>
    </div>
  );
}

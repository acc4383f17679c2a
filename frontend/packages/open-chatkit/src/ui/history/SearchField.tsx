import { useRef } from "preact/hooks";
import { Icon } from "../../icons/Icon";
import { IconButton } from "../common/IconButton";
import { isComposing } from "../common/keys";
import { useT, useUi } from "../context";

/** The field that searches the history. Escape clears it; the arrow down moves on to the results. */
export function SearchField({ onLeave }: { onLeave: () => void }) {
  const { search } = useUi().chat.history;
  const t = useT();
  const input = useRef<HTMLInputElement>(null);
  const query = search.query.value;
  return (
    <search class="history-search">
      <Icon name="search" size={18} />
      <input
        ref={input}
        type="search"
        class="field"
        dir="auto"
        value={query}
        maxLength={200}
        enterkeyhint="search"
        autocomplete="off"
        placeholder={t("searchHere")}
        aria-label={t("searchHere")}
        onInput={(event) => search.set(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (isComposing(event)) return;
          if (event.key === "ArrowDown") onLeave();
          else if (event.key === "Escape" && query !== "") search.set("");
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      {query !== "" && (
        <IconButton
          icon="close"
          label={t("clear")}
          size={16}
          look="quiet"
          onClick={() => {
            search.set("");
            input.current?.focus();
          }}
        />
      )}
    </search>
  );
}

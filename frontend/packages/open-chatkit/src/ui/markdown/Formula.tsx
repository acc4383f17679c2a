import { useLayoutEffect, useRef } from "preact/hooks";
import { reportMissingChunk } from "../../missingChunk";
import type { FormulaToken } from "./formulas";

type Typesetter = typeof import("./typeset");

let typesetter: Typesetter | null = null;

/** Loads the typesetter, which pages without formulas don't need. */
export async function loadTypesetter(): Promise<Typesetter> {
  typesetter ??= await import("./typeset");
  return typesetter;
}

/** A formula; its source until the typesetter is loaded, and if it isn't TeX. */
export function Formula({ raw, tex, display }: Omit<FormulaToken, "type">) {
  const host = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const span = host.current;
    if (!span) return;
    let active = true;
    const draw = ({ typeset }: Typesetter): void => {
      if (active && !typeset(span, tex, display)) span.textContent = raw.trim();
    };
    if (typesetter) {
      draw(typesetter);
    } else {
      span.textContent = raw.trim();
      loadTypesetter().then(draw, (error: unknown) => reportMissingChunk("formulas", error));
    }
    return () => {
      active = false;
    };
  }, [raw, tex, display]);
  if (!display) return <span ref={host} class="md-formula" dir="ltr" />;
  // biome-ignore lint/a11y/noNoninteractiveTabindex: wide formulas scroll, by keyboard too
  return <span ref={host} class="md-formula md-display" dir="ltr" tabIndex={0} />;
}

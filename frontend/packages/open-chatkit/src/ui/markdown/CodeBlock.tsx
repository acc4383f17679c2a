import type { ComponentChildren } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { reportMissingChunk } from "../../missingChunk";
import { IconButton } from "../common/IconButton";
import { useCopy } from "../common/useCopy";
import type { Highlighted } from "./highlight";
import { MarkdownContext } from "./MarkdownContext";

export type CodeBlockProps = {
  code: string;
  /** The fence's info string, for example `ts` or `python title="x"`. */
  language: string;
  /** True while the block is streaming: it isn't highlighted yet. */
  open: boolean;
};

function draw(nodes: Highlighted): ComponentChildren {
  return nodes.map((node, index) => {
    if (node.type === "text") return node.value;
    if (node.type !== "element") return null;
    const names = node.properties.className;
    return (
      <span key={index} class={Array.isArray(names) ? names.join(" ") : undefined}>
        {draw(node.children)}
      </span>
    );
  });
}

function useHighlighting(code: string, language: string, open: boolean): Highlighted | null {
  const [result, setResult] = useState<{ code: string; nodes: Highlighted | null } | null>(null);
  useEffect(() => {
    if (open || language === "") return;
    let active = true;
    import("./highlight").then(
      ({ highlight }) => {
        if (active) setResult({ code, nodes: highlight(code, language) });
      },
      (error: unknown) => reportMissingChunk("syntax highlighting", error),
    );
    return () => {
      active = false;
    };
  }, [code, language, open]);
  return result?.code === code ? result.nodes : null;
}

/** A fenced code block with its language and a copy button. */
export function CodeBlock({ code, language, open }: CodeBlockProps) {
  const { labels } = useContext(MarkdownContext);
  // Also in the notation of Pandoc: `{.python .numberLines}`.
  const name = /[^\s{}.][^\s}]*/u.exec(language)?.[0].toLowerCase() ?? "";
  const nodes = useHighlighting(code, name, open);
  const { copied, copy } = useCopy();
  return (
    <figure class="code" dir="ltr">
      <figcaption>
        <span>{name}</span>
        <IconButton
          icon={copied ? "check" : "copy"}
          label={copied ? labels.copied : labels.copy}
          size={16}
          look="quiet"
          onClick={() => void copy(code)}
        />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, by keyboard too */}
      <pre tabIndex={0}>
        <code>{nodes ? draw(nodes) : code}</code>
      </pre>
    </figure>
  );
}

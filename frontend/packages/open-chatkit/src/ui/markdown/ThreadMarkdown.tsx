import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { useImageHosts, useT, useUi } from "../context";
import { MarkdownContext, type MarkdownSettings } from "./MarkdownContext";

/** Provides the settings for all markdown of a thread: messages, tasks, notices and widgets. */
export function ThreadMarkdown({ children }: { children: ComponentChildren }) {
  const ui = useUi();
  const t = useT();
  const allowed = useImageHosts();
  const settings = useMemo<MarkdownSettings>(
    () => ({
      allowedImageHosts: allowed,
      onDeeplink: (link) => ui.emit("chatkit.deeplink", link),
      labels: {
        copy: t("copyCode"),
        copied: t("copied"),
        imageFrom: (host) => t("imageFrom", { host }),
        footnotes: t("footnotes"),
        footnote: (number) => t("footnote", { number }),
        backToText: (number) => t("backToText", { number }),
      },
    }),
    [allowed, t, ui],
  );
  return <MarkdownContext.Provider value={settings}>{children}</MarkdownContext.Provider>;
}

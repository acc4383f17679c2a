import type { UseChatKitOptions } from "@openai/chatkit-react";
import { useTheme } from "next-themes";
import { useMemo } from "react";
import { openMention } from "@/hooks/openMention";
import { chatApi, searchEntities } from "@/lib/chatApi";
import { chatLocale } from "@/lib/chatLocale";
import { previewEntity } from "@/lib/entityPreview";
import { localeOrDefault, timezoneOrDefault } from "@/lib/locale";
import { TODO_TEXTS } from "@/lib/siteTexts";
import { useAssistant } from "@/stores/assistantStore";
import { useAuthStore } from "@/stores/authStore";
import { usePreferences } from "@/stores/preferencesStore";
import { useSiteTexts } from "@/stores/siteTextsStore";

const MIB = 1024 * 1024;
const ACCENT = { light: "#0f766e", dark: "#5ee6d2" };
const OFFLINE_NOTE =
  "Offline assistant: understands simple English commands, no model needed. Set `OPENAI_API_KEY` or `OPENAI_BASE_URL` on the server to use a model.";

/** Returns the options of every chat on this site: user, appearance and features. */
export function useChatOptions(): UseChatKitOptions {
  const userId = useAuthStore((state) => state.user?.id ?? "");
  const name = useAuthStore((state) => state.user?.name ?? null);
  const locale = useAuthStore((state) => state.user?.locale ?? null);
  const zone = useAuthStore((state) => state.user?.timezone ?? null);
  const tag = localeOrDefault(locale);
  const timezone = timezoneOrDefault(zone);
  const density = usePreferences((state) => state.density);
  const assistant = useAssistant();
  const texts = useSiteTexts() ?? TODO_TEXTS;
  const { resolvedTheme } = useTheme();
  const scheme = resolvedTheme === "dark" ? "dark" : "light";

  return useMemo(
    () => ({
      api: chatApi(userId),
      locale: chatLocale(tag),
      frameTitle: "Chat",
      theme: {
        colorScheme: scheme,
        density,
        radius: "round",
        typography: { baseSize: 15, fontFamily: "'Inter Variable', system-ui, sans-serif" },
        color: {
          accent: { primary: ACCENT[scheme], level: 1 },
          grayscale: { hue: 168, tint: 3 },
        },
      },
      history: { enabled: true, showDelete: true, showRename: true },
      startScreen: {
        greeting:
          texts.greeting ?? (name ? `Hello ${name}, what needs doing?` : "What needs doing?"),
        prompts: texts.prompts,
      },
      composer: {
        placeholder: "Message your assistant",
        attachments: {
          // The offline assistant can't read them.
          enabled: assistant?.offline === false,
          maxCount: 10,
          maxSize: 5 * MIB,
          accept: {
            "image/*": [".png", ".jpg", ".jpeg", ".gif", ".webp"],
            "text/*": [".txt", ".md", ".csv", ".tsv"],
            "application/pdf": [".pdf"],
          },
        },
        dictation: { enabled: assistant?.dictation ?? false },
      },
      threadItemActions: { feedback: true, retry: true },
      thread: { autoScroll: true },
      entities: {
        onTagSearch: (query) =>
          searchEntities(userId, query, { locale: tag, timezone, now: new Date() }),
        onRequestPreview: (entity) =>
          previewEntity(entity, { locale: tag, timezone, now: new Date() }),
        onClick: openMention,
        showComposerMenu: true,
      },
      ...(assistant?.offline ? { disclaimer: { text: OFFLINE_NOTE } } : {}),
    }),
    [userId, name, tag, timezone, density, scheme, assistant, texts],
  );
}

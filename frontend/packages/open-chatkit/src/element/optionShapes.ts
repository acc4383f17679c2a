/** The official options as data, for `setOptions`; a test compares them with the official types. */

/** The required shape of a value. */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | "function"
  | "null"
  | "anything"
  | { oneOf: readonly (string | number)[] }
  | { anyOf: readonly Shape[] }
  | { listOf: Shape }
  | { recordOf: Shape }
  | Fields;

export type Fields = {
  fields: Readonly<Record<string, Shape>>;
  /** Required fields. */
  needs?: readonly string[];
};

const content: Shape = {
  fields: {
    type: { oneOf: ["input_text", "input_tag"] },
    text: "string",
    id: "string",
    group: "string",
    data: { recordOf: "anything" },
    interactive: "boolean",
  },
  needs: ["type", "text"],
};

// Icons are any string: an unknown name has a neutral drawing.
const headerAction: Shape = {
  fields: { icon: "string", onClick: "function" },
  needs: ["icon", "onClick"],
};

const theme: Shape = {
  fields: {
    colorScheme: { oneOf: ["light", "dark"] },
    radius: { oneOf: ["pill", "round", "soft", "sharp"] },
    density: { oneOf: ["compact", "normal", "spacious"] },
    typography: {
      fields: {
        baseSize: { oneOf: [14, 15, 16, 17, 18] },
        fontFamily: "string",
        fontFamilyMono: "string",
        fontSources: {
          listOf: {
            fields: {
              family: "string",
              src: "string",
              weight: { anyOf: ["string", "number"] },
              style: { oneOf: ["normal", "italic", "oblique"] },
              display: { oneOf: ["auto", "block", "swap", "fallback", "optional"] },
              unicodeRange: "string",
            },
            needs: ["family", "src"],
          },
        },
      },
    },
    color: {
      fields: {
        grayscale: {
          fields: {
            hue: "number",
            tint: { oneOf: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
            shade: { oneOf: [-4, -3, -2, -1, 0, 1, 2, 3, 4] },
          },
          needs: ["hue", "tint"],
        },
        accent: {
          fields: { primary: "string", level: { oneOf: [0, 1, 2, 3] } },
          needs: ["primary", "level"],
        },
        surface: {
          fields: { background: "string", foreground: "string" },
          needs: ["background", "foreground"],
        },
      },
    },
  },
};

const composer: Shape = {
  fields: {
    placeholder: "string",
    attachments: {
      fields: {
        enabled: "boolean",
        maxSize: { anyOf: ["number", { recordOf: "number" }] },
        maxCount: "number",
        accept: { recordOf: { listOf: "string" } },
      },
      needs: ["enabled"],
    },
    tools: {
      listOf: {
        fields: {
          id: "string",
          label: "string",
          icon: "string",
          shortLabel: "string",
          placeholderOverride: "string",
          pinned: "boolean",
          persistent: "boolean",
        },
        needs: ["id", "label", "icon"],
      },
    },
    models: {
      listOf: {
        fields: {
          id: "string",
          label: "string",
          description: "string",
          disabled: "boolean",
          default: "boolean",
        },
        needs: ["id", "label"],
      },
    },
    dictation: { fields: { enabled: "boolean" }, needs: ["enabled"] },
  },
};

export const OPTIONS: Fields = {
  fields: {
    // One shape for three configurations: `url` with `getClientSecret` is an extension.
    api: {
      fields: {
        url: "string",
        domainKey: "string",
        fetch: "function",
        getClientSecret: "function",
        uploadStrategy: {
          fields: { type: { oneOf: ["two_phase", "direct"] }, uploadUrl: "string" },
          needs: ["type"],
        },
      },
    },
    // Any string: languages without a translation fall back to English.
    locale: "string",
    theme: { anyOf: [{ oneOf: ["light", "dark"] }, theme] },
    frameTitle: "string",
    initialThread: { anyOf: ["null", "string"] },
    onClientTool: "function",
    header: {
      fields: {
        enabled: "boolean",
        title: { fields: { enabled: "boolean", text: "string" } },
        leftAction: headerAction,
        rightAction: headerAction,
      },
    },
    history: { fields: { enabled: "boolean", showDelete: "boolean", showRename: "boolean" } },
    startScreen: {
      fields: {
        greeting: "string",
        prompts: {
          listOf: {
            fields: {
              label: "string",
              prompt: { anyOf: ["string", { listOf: content }] },
              icon: "string",
            },
            needs: ["label", "prompt"],
          },
        },
      },
    },
    threadItemActions: { fields: { feedback: "boolean", retry: "boolean" } },
    composer,
    disclaimer: { fields: { text: "string", highContrast: "boolean" }, needs: ["text"] },
    entities: {
      fields: {
        onTagSearch: "function",
        showComposerMenu: "boolean",
        onClick: "function",
        onRequestPreview: "function",
      },
    },
    commands: {
      fields: { enabled: "boolean", onSearch: "function", onSelect: "function" },
      needs: ["enabled"],
    },
    widgets: { fields: { onAction: "function" } },
    thread: { fields: { autoScroll: "boolean" } },
  },
  needs: ["api"],
};

/** The options that the element accepts: the official ones, and its extensions. */
export const ACCEPTED: Fields = {
  ...OPTIONS,
  fields: {
    ...OPTIONS.fields,
    images: { fields: { allow: { listOf: "string" } } },
    clientTools: { fields: { labels: { recordOf: { anyOf: ["string", "null"] } } } },
  },
};

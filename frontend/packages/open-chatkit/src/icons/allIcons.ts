/** Every lucide icon: a separate chunk, loaded for the first name that is not built in. */

import type { IconNode } from "lucide";
import { icons } from "lucide";

const byName: Readonly<Record<string, IconNode>> = icons;

/** Well-known names of other icon sets, and former names of lucide. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  "academic-cap": "graduation-cap",
  account: "circle-user",
  "adjustments-horizontal": "sliders-horizontal",
  "adjustments-vertical": "sliders-vertical",
  "arrow-path": "refresh-cw",
  "arrow-top-right-on-square": "external-link",
  "arrow-trending-down": "trending-down",
  "arrow-trending-up": "trending-up",
  "at-symbol": "at-sign",
  attachment: "paperclip",
  "bell-alert": "bell-ring",
  "bars-3": "menu",
  "building-office": "building",
  "building-storefront": "store",
  cash: "banknote",
  cart: "shopping-cart",
  chat: "message-circle",
  "chat-bubble-left": "message-square",
  "check-badge": "badge-check",
  "chevron-up-down": "chevrons-up-down",
  "clipboard-document": "clipboard",
  "computer-desktop": "monitor",
  "cpu-chip": "cpu",
  "currency-dollar": "circle-dollar-sign",
  "currency-euro": "euro",
  "currency-pound": "pound-sterling",
  "currency-yen": "japanese-yen",
  "device-phone-mobile": "smartphone",
  "document-text": "file-text",
  dollar: "dollar-sign",
  "ellipsis-horizontal": "ellipsis",
  email: "mail",
  envelope: "mail",
  "envelope-open": "mail-open",
  error: "circle-alert",
  "exclamation-circle": "circle-alert",
  "exclamation-triangle": "triangle-alert",
  favorite: "heart",
  "finger-print": "fingerprint",
  fire: "flame",
  "globe-alt": "globe",
  "hand-thumb-down": "thumbs-down",
  "hand-thumb-up": "thumbs-up",
  help: "circle-question-mark",
  identification: "id-card",
  "information-circle": "info",
  light: "lightbulb",
  "light-bulb": "lightbulb",
  "lightning-bolt": "zap",
  lightning: "zap",
  location: "map-pin",
  "location-marker": "map-pin",
  "lock-closed": "lock",
  "magnifying-glass": "search",
  "map-marker": "map-pin",
  microphone: "mic",
  money: "banknote",
  "musical-note": "music",
  notification: "bell",
  notifications: "bell",
  "paint-brush": "paintbrush",
  "paper-airplane": "send",
  "paper-clip": "paperclip",
  person: "user",
  people: "users",
  photo: "image",
  picture: "image",
  place: "map-pin",
  "presentation-chart-line": "presentation",
  "puzzle-piece": "puzzle",
  "question-mark-circle": "circle-question-mark",
  "queue-list": "list",
  "receipt-percent": "receipt",
  refresh: "refresh-cw",
  "rocket-launch": "rocket",
  schedule: "clock",
  "server-stack": "server",
  "shield-exclamation": "shield-alert",
  "speaker-wave": "volume-2",
  "squares-2x2": "layout-grid",
  success: "circle-check",
  support: "life-buoy",
  time: "clock",
  today: "calendar",
  "trending-flat": "move-right",
  vehicle: "car",
  "video-camera": "video",
  warning: "triangle-alert",
  "wrench-screwdriver": "wrench",
  "x-mark": "x",
};

/** Returns the drawing of `message-circle`, `MessageCircle` or `chat`. */
export function findIcon(name: string): IconNode | undefined {
  // Styles of other icon sets are a suffix: `heart-filled`, `HomeOutlined`.
  const kebab = name
    .replace(/([a-z\d])([A-Z])/gu, "$1-$2")
    .replace(/[_\s]+/gu, "-")
    .toLowerCase();
  const plain = kebab.replace(
    /^(?:heroicons?|fa|mdi|icon)-|-(?:filled|outlined?|solid|icon|rounded|fill)$/gu,
    "",
  );
  return [kebab, plain].map(drawing).find((found) => found !== undefined);
}

function drawing(kebab: string): IconNode | undefined {
  const known = (Object.hasOwn(OTHER_NAMES, kebab) && OTHER_NAMES[kebab]) || kebab;
  const pascal = known.replace(/(?:^|-)(\w)/gu, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(byName, pascal) ? byName[pascal] : undefined;
}

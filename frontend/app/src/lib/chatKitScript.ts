const OFFICIAL = process.env.NEXT_PUBLIC_CHATKIT_SCRIPT ?? "";

/** Whether the chat component is OpenAI's own instead of the one this site serves. */
export const usesOfficialScript = OFFICIAL !== "";

/** Where the chat component's script is. */
export const CHATKIT_SCRIPT = OFFICIAL || "/chatkit/chatkit.js";

/** The key the official script wants for the site's domain; on localhost anything will do. */
export const DOMAIN_KEY = process.env.NEXT_PUBLIC_CHATKIT_DOMAIN_KEY || "domain_pk_localhost_dev";

/** The element that the script defines. */
export const CHATKIT_ELEMENT = "openai-chatkit";

let loading: Promise<void> | null = null;

/**
 * Loads the script once for all chats of the page.
 *
 * @returns when the element is defined; after a failure the next call tries again.
 */
export function loadChatKit(): Promise<void> {
  loading ??= addScript().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function addScript(): Promise<void> {
  if (customElements.get(CHATKIT_ELEMENT)) return;
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    script.src = CHATKIT_SCRIPT;
    script.async = true;
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(`${CHATKIT_SCRIPT} could not be loaded`));
    });
    script.addEventListener("load", () => resolve());
    document.head.append(script);
  });
  await customElements.whenDefined(CHATKIT_ELEMENT);
}

/** Actions of widgets and pages, and responses to the assistant's questions and tool calls. */

import type { Context } from "./context";
import { toChatError } from "./errors";
import { parseItem } from "./parse";
import { isObject } from "./readItem";
import { reduceItems } from "./reducer";
import { BusyError, type Turns } from "./turns";
import type {
  ActionConfig,
  CustomAction,
  FeedbackKind,
  StreamingRequest,
  StructuredInputSubmission,
} from "./types";

type OnAction = NonNullable<NonNullable<Context["options"]["widgets"]>["onAction"]>;
type OfficialWidgetItem = Parameters<OnAction>[1];

export class Actions {
  constructor(
    private readonly context: Context,
    private readonly turns: Turns,
  ) {}

  /** Runs the action of a widget's control: in the page, or at the server. */
  async runWidgetAction(config: ActionConfig, itemId: string): Promise<void> {
    const { type, payload } = config;
    const action = payload == null ? { type } : { type, payload };
    if (config.handler !== "client") {
      await (config.streaming === false
        ? this.sendSync(action, itemId)
        : this.send(action, itemId));
      return;
    }
    const item = this.context.store.item(itemId).peek();
    const onAction = this.context.options.widgets?.onAction;
    if (item?.type !== "widget" || onAction === undefined) {
      this.context.emitter.log("action.unhandled", { type });
      return;
    }
    const shown = { id: item.id, widget: item.widget } as unknown as OfficialWidgetItem;
    await onAction(action, shown);
  }

  /** Sends an action to the server and follows the response. */
  async send(action: CustomAction, itemId?: string): Promise<void> {
    const threadId = this.requireThread("action.ignored", action.type);
    if (threadId === null) return;
    const params = { thread_id: threadId, ...(itemId ? { item_id: itemId } : {}), action };
    await this.startResponse({ type: "threads.custom_action", params });
  }

  /** Sends the answers to the assistant's questions and follows the response. */
  async submitStructuredInput(itemId: string, input: StructuredInputSubmission): Promise<void> {
    const threadId = this.requireThread("answer.ignored", itemId);
    if (threadId === null) return;
    const params = { thread_id: threadId, item_id: itemId, input };
    await this.startResponse({ type: "threads.add_structured_input", params });
  }

  /** Sends the result of a client tool call; allowed while its tool is marked as running. */
  async submitToolResult(itemId: string, result: unknown): Promise<void> {
    const { session, store } = this.context;
    if (session.threadId === null) return;
    if (store.activeRun.peek() !== null) throw new BusyError("A response is in progress.");
    // JSON has no undefined, and the server requires a result.
    const params = { thread_id: session.threadId, result: result ?? null };
    await this.turns.startResponse(
      session,
      { type: "threads.add_client_tool_output", params },
      () => {
        // The stream doesn't report that the call is completed.
        const { items, open } = store.itemsState;
        const answered = items.map((item) =>
          item.id === itemId && item.type === "client_tool_call"
            ? { ...item, status: "completed" as const, output: params.result }
            : item,
        );
        store.setItems({ items: answered, open });
      },
    );
  }

  /** Sends feedback on items. Shown immediately, and reverted if the server rejects it. */
  async sendFeedback(itemIds: readonly string[], kind: FeedbackKind): Promise<void> {
    const { store, session, transport, emitter } = this.context;
    if (session.threadId === null) return;
    const before = store.feedbackGiven.peek();
    store.feedbackGiven.value = new Map([...before, ...itemIds.map((id) => [id, kind] as const)]);
    try {
      const params = { thread_id: session.threadId, item_ids: [...itemIds], kind };
      await transport.request("items.feedback", params);
    } catch (error) {
      const given = new Map(store.feedbackGiven.peek());
      for (const id of itemIds) {
        const old = before.get(id);
        if (old === undefined) given.delete(id);
        else given.set(id, old);
      }
      store.feedbackGiven.value = given;
      emitter.error(error);
      throw error;
    }
  }

  /** Sends an action that returns one changed item; allowed while a response is in progress. */
  private async sendSync(action: CustomAction, itemId: string): Promise<void> {
    const { session, store, transport, emitter } = this.context;
    if (session.threadId === null) return;
    const params = { thread_id: session.threadId, item_id: itemId, action };
    try {
      const response = await transport.request("threads.sync_custom_action", params);
      const item = isObject(response) ? parseItem(response.updated_item) : null;
      if (item === null || !session.isCurrent) return;
      store.setItems(reduceItems(store.itemsState, { type: "thread.item.replaced", item }).state);
    } catch (error) {
      const repeat = () => this.sendSync(action, itemId);
      if (session.isCurrent) this.context.showFailure(toChatError(error), repeat);
      emitter.error(error);
      throw error;
    }
  }

  private async startResponse(request: StreamingRequest): Promise<void> {
    if (this.turns.isBusy) throw new BusyError("Wait for the response or stop it.");
    await this.turns.startResponse(this.context.session, request);
  }

  /** Returns the open thread's ID. Logs `name` and returns null if no thread is open. */
  private requireThread(name: string, what: string): string | null {
    const { threadId } = this.context.session;
    if (threadId === null) this.context.emitter.log(name, { what });
    return threadId;
  }
}

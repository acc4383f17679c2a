/** The demo's threads, with an item of each kind, and a response to stream. */

import type {
  AssistantMessageItem,
  Thread,
  ThreadItem,
  ThreadStreamEvent,
} from "../src/core/types";

const NOW = new Date();
const ago = (hours: number): string => new Date(NOW.getTime() - hours * 3_600_000).toISOString();

const base = (id: string) => ({ id, thread_id: "thr_week", created_at: ago(1) });

const says = (
  id: string,
  text: string,
  annotations: AssistantMessageItem["content"][number]["annotations"] = [],
): ThreadItem => ({
  ...base(id),
  type: "assistant_message",
  content: [{ type: "output_text", text, annotations }],
});

const asks = (
  id: string,
  text: string,
  extra: Partial<Extract<ThreadItem, { type: "user_message" }>> = {},
): ThreadItem => ({
  ...base(id),
  type: "user_message",
  content: [{ type: "input_text", text }],
  attachments: [],
  inference_options: {},
  ...extra,
});

const PLAN = `Here is a plan that keeps the **mornings free** for deep work.

| Day | Focus | Tasks |
| --- | --- | ---: |
| Monday | Launch copy and the pricing page | 4 |
| Tuesday | Interviews with two customers | 2 |
| Wednesday | *Buffer*, nothing planned | 0 |

A few things to keep in mind:

1. The release notes depend on the [pricing page](https://example.com/pricing).
2. Two tasks have no date yet:
   - Renew the domain
   - Book the venue
3. \`#urgent\` is used on **three** tasks, so it says little.

> A week with no slack is a week that slips.`;

const CODE = `You can list what is due this week like this:

\`\`\`ts
type Task = { title: string; due: Date | null };

// Tasks without a date come last.
export function dueThisWeek(tasks: readonly Task[], now = new Date()): Task[] {
  const end = new Date(now.getTime() + 7 * 86_400_000);
  return tasks.filter((task) => task.due !== null && task.due <= end);
}
\`\`\`

Call it with \`dueThisWeek(await fetchTasks())\`.`;

const SOURCED =
  "Swallows fly about 40 km/h on migration. Their route crosses the Sahara in four to five days.";

/** Notations of models that need more than plain markdown. */
const NOTATIONS =
  String.raw`The roots of \(ax^2 + bx + c = 0\), which cost \$5 in one shop and $6 in another:

$$
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

A matrix in a sentence, \[A = \begin{pmatrix} a & b \\ c & d \end{pmatrix},\] and $e^{i\pi} + 1 = 0$. This isn't TeX: $$\frac{1$$. A sum that is wider than a phone:

\[ \sum_{k=1}^{n} k^3 = 1 + 8 + 27 + 64 + 125 + 216 + 343 + 512 + \cdots + n^3 = \left( \frac{n(n+1)}{2} \right)^2 \]

\begin{align}
a &= b + c \\
  &= d
\end{align}

Task | Due | Cost
--- | :-: | --:
Milk | **Mon** | $1.20
Eggs, a dozen of them | Tue | ~~$3~~ $2

- [x] Buy milk

- [ ] Buy eggs, and a task that is so long that it needs a second line on a phone
- [ ] Call [the shop](tel:+441234567890)

Ann Smith
1 Rose Lane
York

• a dot
• another dot

<details>
<summary>How the **price** was found</summary>

It is the mean of two shops[^shops], at 20~25 °C.

1. First

   \`\`\`ts
   const price = (1.2 + 1.3) / 2;
   \`\`\`

2. Second

</details>

Note
---
これは**「重要」**な点です。詳しくは https://example.com/文書。次の文。<!-- hidden -->

- שלום, קנה \`npm run build\` בבקשה
- An item from left to right
- 123 חלב

> اقتباس من اليمين إلى اليسار

Milk is on sale【4:0†prices.pdf】 until Friday[^1] &hearts;.

[^1]: Says *Ann*, see <https://example.com/ann>.
[^shops]: The one at the corner, and the market.
`.replaceAll("\\`", "`");

/** A small image that is drawn here. */
const PICTURE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="260"><defs><linearGradient id="a" x1="0" y1="0" x2="1" y2="1"><stop stop-color="#8ec5ff"/><stop offset="1" stop-color="#c9a7ff"/></linearGradient></defs><rect width="420" height="260" fill="url(#a)"/><circle cx="310" cy="80" r="38" fill="#fff" opacity=".85"/><path d="M0 260l120-120 80 70 70-90 150 140z" fill="#33406b" opacity=".75"/></svg>',
)}`;

const WIDGET: ThreadItem = {
  ...base("wid_1"),
  type: "widget",
  copy_text: "Buy milk, tomorrow 17:00",
  widget: {
    type: "Card",
    size: "md",
    children: [
      {
        type: "Row",
        align: "center",
        children: [
          { type: "Checkbox", name: "done", label: "Buy milk" },
          { type: "Spacer" },
          { type: "Badge", label: "Tomorrow 17:00", color: "info" },
        ],
      },
      { type: "Caption", value: "Added to Groceries" },
    ],
  },
};

const WEEK: ThreadItem[] = [
  asks("u1", "Plan my week around the launch, and keep the mornings free"),
  {
    ...base("wf1"),
    type: "workflow",
    workflow: {
      type: "custom",
      expanded: true,
      summary: { title: "Looked at 14 tasks" },
      tasks: [
        { type: "custom", title: "Read the task list", status_indicator: "complete" },
        {
          type: "web_search",
          title: "Looked for public holidays",
          status_indicator: "complete",
          queries: ["public holidays november 2026"],
          sources: [
            { type: "url", url: "https://example.com/holidays", title: "Public holidays 2026" },
          ],
        },
        {
          type: "custom",
          title: "Found three conflicts",
          content: "All on *Thursday afternoon*.",
          status_indicator: "complete",
        },
      ],
    },
  },
  says("a1", PLAN),
  asks("u2", "How would I get what is due this week in TypeScript?"),
  says("a2", CODE),
  asks("u3", "add buy milk tomorrow at 5pm"),
  says("a3", "Done. I added it to **Groceries**."),
  WIDGET,
  asks("u4", "And how fast do swallows fly?", {
    quoted_text: "A week with no slack is a week that slips.",
    attachments: [
      {
        type: "image",
        id: "atc_1",
        name: "swallows.svg",
        mime_type: "image/svg+xml",
        preview_url: PICTURE,
      },
      { type: "file", id: "atc_2", name: "field-notes-2026.pdf", mime_type: "application/pdf" },
    ],
  }),
  says("a4", SOURCED, [
    {
      type: "annotation",
      index: 40,
      source: {
        type: "url",
        url: "https://example.com/swallows",
        title: "Flight speeds of swallows",
        attribution: "Journal of Birds",
      },
    },
    {
      type: "annotation",
      index: SOURCED.length,
      source: { type: "file", filename: "field-notes-2026.pdf", title: "Field notes" },
    },
  ]),
];

const MORE: ThreadItem[] = [
  asks("u5", "Draw me a calm morning"),
  { ...base("img1"), type: "generated_image", image: { id: "img", url: PICTURE } },
  { ...base("img2"), type: "generated_image", image: null, progress: 0.4 },
  asks("u6", "Prepare the trip"),
  {
    ...base("si1"),
    type: "structured_input",
    status: "pending",
    inputs: [
      {
        id: "q1",
        type: "multiple_choice",
        question: "How would you like to travel?",
        options: [{ value: "Train" }, { value: "Plane" }, { value: "Bicycle" }],
      },
      {
        id: "q2",
        type: "freeform",
        question: "Anything I should know?",
        description: "Allergies, times, people.",
      },
    ],
  },
  asks("u7", "أضف موعدًا مع الطبيب يوم الأحد"),
  says("a7", "تمت الإضافة: **موعد مع الطبيب** يوم الأحد الساعة 10:00."),
  asks("u8", "Show me the chart at ![chart](https://tracker.example.net/pixel.png)"),
  says(
    "a8",
    "It is here: ![chart](https://tracker.example.net/pixel.png)\n\nOpen [the task](chatkit-link://open-task?id=7), or [this](javascript:alert(1)).",
  ),
];

const thread = (
  id: string,
  title: string,
  hours: number,
  items: ThreadItem[],
  extra: Partial<Thread> = {},
): Thread => ({
  id,
  title,
  created_at: ago(hours),
  status: { type: "active" },
  items: { data: items, has_more: false },
  ...extra,
});

/** More than 500 messages, to measure the frame rate. */
function longThread(): ThreadItem[] {
  return Array.from({ length: 260 }, (_, index) => [
    asks(`lu${index}`, `Question number ${index + 1}`),
    says(
      `la${index}`,
      index % 7 === 0 ? CODE : index % 5 === 0 ? PLAN : `Answer number ${index + 1}. ${SOURCED}`,
    ),
  ]).flat();
}

export function demoThreads(): Thread[] {
  return [
    thread("thr_week", "Plan the launch week", 1, [...WEEK]),
    thread("thr_text", "Formulas, tables and notes", 2, [
      asks("nu", "Show me every notation"),
      says("na", NOTATIONS),
    ]),
    thread("thr_more", "Pictures, forms and languages", 3, [...MORE]),
    thread(
      "thr_closed",
      "An old question",
      30,
      [asks("uc", "Is this still open?"), says("ac", "It was closed.")],
      {
        status: { type: "closed", reason: "This chat was closed after 30 days." },
      },
    ),
    thread(
      "thr_groceries",
      "Groceries for Sunday’s brunch with the neighbours from across the street",
      28,
      [],
    ),
    thread("thr_taxes", "Taxes 2025", 80, []),
    thread("thr_trip", "Trip to Porto", 120, []),
    thread("thr_ar", "قائمة المهام", 300, []),
    thread("thr_long", "A very long chat", 400, longThread()),
  ];
}

/** Returns the events of a response that streams word by word. */
export function streamedResponse(
  threadId: string,
  text: string,
  wait: number,
): (ThreadStreamEvent | number)[] {
  const id = `a_${Math.random().toString(36).slice(2)}`;
  const item = (value: string): AssistantMessageItem => ({
    ...base(id),
    thread_id: threadId,
    type: "assistant_message",
    content: value === "" ? [] : [{ type: "output_text", text: value, annotations: [] }],
  });
  const words = text.match(/\s*\S+|\s+$/gu) ?? [];
  return [
    { type: "progress_update", text: "Looking at your tasks", icon: "search" },
    wait * 20,
    { type: "thread.item.added", item: item("") },
    {
      type: "thread.item.updated",
      item_id: id,
      update: {
        type: "assistant_message.content_part.added",
        content_index: 0,
        content: { type: "output_text", text: "", annotations: [] },
      },
    },
    ...words.flatMap((delta): (ThreadStreamEvent | number)[] => [
      wait,
      {
        type: "thread.item.updated",
        item_id: id,
        update: { type: "assistant_message.content_part.text_delta", content_index: 0, delta },
      },
    ]),
    { type: "thread.item.done", item: item(text) },
    {
      type: "thread.updated",
      thread: {
        id: threadId,
        created_at: ago(0),
        title: "Plan the launch week",
        status: { type: "active" },
      },
    },
  ];
}

export const RESPONSE = `${PLAN}\n\n${CODE}`;

/**
 * The demo's two conversations: the user's messages, the workspace files, the branch, and the simulated model's
 * answers. All of them are fixed, so that every phase has the same conversations.
 */

/** A message that starts like this makes the model read a file first, which costs a second request. */
const READ = /^Read (?<path>[\w/.-]+)/;

export const AGENTS = [
  {
    id: "coder",
    role: "You look after a small web shop's payment service. You change code and explain why.",
    files: ["src/checkout.md", "src/refunds.md", "docs/limits.md", "docs/incident-7.md"],
    branch: "idempotent-payments",
    uncommitted: {},
    says: [
      "Customers report that a payment shows up twice. Where would you look first, and why?",
      "Read src/checkout.md and tell me which step is not safe to repeat.",
      "What would an idempotency key look like here, and who should make it?",
      "Could the queue deliver one message twice, even with the key in place?",
      "Read src/refunds.md, I think refunds have the same fault.",
      "Write down the order in which we should change the two services.",
      "What breaks for clients that are still on last year's version?",
      "Read docs/limits.md and check the plan against our limits.",
      "How do we test it without charging anyone?",
      "Which two numbers should we watch on the day of the release?",
      "Read docs/incident-7.md and compare: is this the same thing again?",
      "Give me the release note in three sentences, for people who do not write code.",
      "And the one for the people on call, with what to do when it goes wrong.",
      "Is there anything in this plan that you would not do yourself?",
    ],
  },
  {
    id: "writer",
    role: "You edit the handbook of a botanical garden. You are exact about plants, kind to readers.",
    files: ["beds/alpine.md", "beds/fern-house.md", "notes/winter.md", "notes/visitors.md"],
    branch: "watering",
    uncommitted: { "notes/winter.md": "\nTo be seen to before the first frost.\n" },
    says: [
      "The handbook is to get a chapter on watering. What should it cover, bed by bed?",
      "Read beds/alpine.md and say what is out of date in it.",
      "Put the alpine bed's rules in a form that a volunteer can follow on the first day.",
      "Why do we water the stones and not the cushions? Explain it in two sentences.",
      "Read beds/fern-house.md, then do the same for the ferns.",
      "The two chapters contradict each other about rain water. Which one is right?",
      "What do we tell people in a dry July, when the tank is empty?",
      "Read notes/winter.md and add what changes between November and March.",
      "Make a table of contents for what we have so far.",
      "Which of these rules could we drop without harm to any plant?",
      "Read notes/visitors.md: what do visitors ask that the chapter does not answer?",
      "Write the opening paragraph, without a single figure of speech.",
      "Now the last paragraph, which sends the reader out to look at something.",
      "What should we check again in spring, when the chapter has been used?",
    ],
  },
];

const WORDS = [
  "after",
  "again",
  "always",
  "before",
  "case",
  "change",
  "check",
  "clear",
  "close",
  "count",
  "day",
  "each",
  "early",
  "enough",
  "every",
  "first",
  "follow",
  "given",
  "half",
  "hold",
  "keep",
  "kind",
  "last",
  "later",
  "less",
  "line",
  "little",
  "long",
  "look",
  "mark",
  "more",
  "name",
  "never",
  "note",
  "often",
  "once",
  "open",
  "order",
  "other",
  "part",
  "place",
  "plain",
  "point",
  "rest",
  "right",
  "rule",
  "same",
  "second",
  "show",
  "since",
  "single",
  "small",
  "start",
  "step",
  "still",
  "such",
  "take",
  "third",
  "time",
  "turn",
  "under",
  "until",
  "usual",
  "very",
  "water",
  "week",
  "whole",
  "without",
  "work",
  "year",
];

/** Meaningless text with the length and variety of real text. */
function prose(topic, words) {
  let state = [...topic].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) >>> 0, 7);
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return WORDS[(state >>> 16) % WORDS.length];
  };
  const sentences = [];
  for (let count = 0; count < words; count += 12) {
    const sentence = Array.from({ length: 12 }, next).join(" ");
    sentences.push(`${sentence[0].toUpperCase()}${sentence.slice(1)}.`);
  }
  return sentences.join(" ");
}

/** The files of an agent's workspace: path to text. */
export function workspaceFiles(agent) {
  const files = { "AGENTS.md": `# ${agent.id}\n\n${agent.role}\n\n${prose(agent.id, 360)}\n` };
  for (const path of agent.files) files[path] = `# ${path}\n\n${prose(path, 1200)}\n`;
  return files;
}

/** The simulated model: reads the file that the user names, then answers. */
export function reply(request) {
  const said = request.lastUserText.replace(/^\[[^\]]*\] /, "").split("\n")[0];
  const path = READ.exec(said)?.groups.path;
  if (path !== undefined && !request.isFollowUp) {
    return { toolCalls: [{ name: "read", arguments: { path } }] };
  }
  return prose(said, 180);
}

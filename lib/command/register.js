// Registers `openclaw taas` and `/taas`. The code of a command is loaded when the command runs.

import { isPublic, publicMessageOf } from "../log.js";

const DESCRIPTOR = {
  name: "taas",
  description: "Show TaaS usage, savings and routes, and check the setup",
  hasSubcommands: true,
};

/**
 * @param {object} parts
 * @param {import("../../index.js").PluginApi} parts.api
 * @param {import("../log.js").Log} parts.log
 * @param {(method: string, params: object) => Promise<object>} parts.ask calls a gateway method of this process
 */
export function registerCommands({ api, log: { attempt, warn }, ask }) {
  attempt("command", "`openclaw taas` is missing", () =>
    api.registerCli?.(
      async ({ program }) => {
        const { buildCommands } = await import("./tree.js");
        const io = { process, importSdk: (specifier) => import(specifier) };
        await buildCommands({ program, descriptor: DESCRIPTOR, io });
      },
      { commands: [DESCRIPTOR.name], descriptors: [DESCRIPTOR] },
    ),
  );
  if (api.registrationMode === "cli-metadata") {
    return;
  }
  attempt("chat-command", "`/taas` is missing", () =>
    api.registerCommand?.({
      name: DESCRIPTOR.name,
      description: "Show the latest model, the cache savings and the warnings",
      acceptsArgs: true,
      requiredScopes: ["operator.read"],
      handler: chatHandler(ask, warn),
    }),
  );
}

/** Answers `/taas`. The promise never rejects, because the host would show the error and its paths in the chat. */
export const chatHandler = (ask, warn) => async (context) => {
  try {
    const { answerChat } = await import("./chat.js");
    return await answerChat(ask, context);
  } catch (error) {
    // The log already has the cause of a public error.
    if (!isPublic(error)) {
      warn("chat", "`/taas` cannot answer", error);
    }
    return { text: `TaaS affinity cannot answer: ${publicMessageOf(error)}` };
  }
};

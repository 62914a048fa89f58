// Registers `openclaw taas` and `/taas`. What they do is loaded when somebody asks for it.

import { isPublic, PublicError, publicMessageOf } from "../log.js";

const DESCRIPTOR = {
  name: "taas",
  description: "Ask what TaaS affinity does: status, routes, algorithms, doctor",
  hasSubcommands: true,
};

/**
 * @param {object} parts
 * @param {import("../../index.js").PluginApi} parts.api
 * @param {import("../log.js").Log} parts.log
 * @param {(method: string, params: object) => Promise<object>} parts.ask answers in this process
 */
export function registerCommands({ api, log: { attempt, warn }, ask }) {
  attempt("command", "there is no `openclaw taas`", () =>
    api.registerCli?.(
      async ({ program }) => {
        const { buildCommands } = await import("./tree.js");
        const { stdout, stderr, env } = process;
        const importSdk = (specifier) => import(specifier);
        await buildCommands({
          program,
          descriptor: DESCRIPTOR,
          io: { stdout, stderr, env, process, importSdk },
        });
      },
      { commands: [DESCRIPTOR.name], descriptors: [DESCRIPTOR] },
    ),
  );
  if (api.registrationMode === "cli-metadata") {
    return;
  }
  attempt("chat-command", "there is no `/taas`", () =>
    api.registerCommand?.({
      name: DESCRIPTOR.name,
      description: "Which model answers, what the cache saves, and what may be wrong",
      acceptsArgs: true,
      requiredScopes: ["operator.read"],
      handler: chatHandler(ask, warn),
    }),
  );
}

/** Answers `/taas`. Its promise is never rejected: the host would show people the error, with the paths in it. */
export const chatHandler = (ask, warn) => async (context) => {
  try {
    const { answerChat } = await import("./chat.js");
    return await answerChat(ask, context);
  } catch (error) {
    // What everybody may read has been said in the log by whoever made it.
    if (!isPublic(error)) {
      warn("chat", "`/taas` cannot answer", error);
    }
    return { text: `TaaS affinity cannot answer: ${publicMessageOf(error)}` };
  }
};

/**
 * A function that asks the gateway methods in this very process. It rejects with what anybody may read.
 *
 * @param {() => import("../methods.js").Methods} methods those of now
 */
export const askingHere = (methods) => (name, params) =>
  new Promise((resolve, reject) => {
    const method = methods().find((each) => each.name === name);
    if (method === undefined) {
      throw new PublicError(`there is no ${name}`);
    }
    method.handler({
      params,
      respond: (ok, answer, error) =>
        ok ? resolve(answer) : reject(new PublicError(error.message.replace(`${name}: `, ""))),
    });
  });

// Another plugin, which has the host complete something with a model that it made up itself: the host resolves
// it for no agent, so that nothing tells whose the call is.

import { completeWithPreparedSimpleCompletionModel } from "openclaw/plugin-sdk/simple-completion-runtime";

export default {
  id: "bare-completion",
  name: "Bare completion",
  description: "Completes for no agent",

  register(api) {
    const complete = async ({ respond }) => {
      const cfg = api.runtime.config.current();
      const { models, baseUrl, api: format } = cfg.models.providers.cloudsigma;
      const { stopReason } = await completeWithPreparedSimpleCompletionModel({
        model: { ...models[0], provider: "cloudsigma", baseUrl, api: format },
        auth: { apiKey: "not-a-real-key" },
        cfg,
        context: { messages: [{ role: "user", content: "hello", timestamp: Date.now() }] },
      });
      respond(true, { stopReason });
    };
    api.registerGatewayMethod("bare.complete", complete, { scope: "operator.write" });
  },
};

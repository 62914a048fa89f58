// The least that a request can ask of the file system without blocking the event loop: one
// asynchronous `stat` of the workspace. It shows what being woken by another thread costs by itself.

import { stat } from "node:fs/promises";

import nothing from "./nothing.mjs";

const wrap =
  ({ streamFn, workspaceDir }) =>
  (model, context, options) => {
    const onPayload = async () => {
      await stat(workspaceDir);
    };
    return streamFn(model, context, { ...options, onPayload });
  };

export default {
  id: "stat",
  register(api) {
    nothing.register({
      ...api,
      registerProvider: (provider) => api.registerProvider({ ...provider, wrapStreamFn: wrap }),
    });
  },
};

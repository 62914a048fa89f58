// Takes over the theme of the Control UI, and loads the page again every ten seconds. The frame's name is the only thing
// that the next document still has: the theme, and the reader's place.

const root = document.documentElement;

const kept = (() => {
  try {
    return JSON.parse(window.name) ?? {};
  } catch {
    return {};
  }
})();
const keep = (changes) => {
  window.name = JSON.stringify(Object.assign(kept, changes));
};

function paint({ mode, tokens }) {
  root.dataset.theme = mode;
  for (const [name, value] of Object.entries(tokens ?? {})) {
    root.style.setProperty(name.startsWith("--") ? name : `--${name}`, value);
  }
}

if (kept.theme) {
  paint(kept.theme);
}
addEventListener("message", ({ source, data }) => {
  if (source === parent && data?.type === "openclaw:widget-theme") {
    const { mode, tokens } = data;
    paint({ mode, tokens });
    keep({ theme: { mode, tokens } });
  }
});

addEventListener("DOMContentLoaded", () => {
  const link = [...document.links].find((each) => each.href === kept.focus);
  link?.focus({ preventScroll: true });
  scrollTo(0, kept.top ?? 0);
  keep({ focus: undefined, top: undefined });
});

setInterval(() => {
  const isBusy = document.hidden || !getSelection().isCollapsed;
  if (performance.now() > 10_000 && !isBusy) {
    keep({ focus: document.hasFocus() ? document.activeElement.href : undefined, top: scrollY });
    location.reload();
  }
}, 1000);

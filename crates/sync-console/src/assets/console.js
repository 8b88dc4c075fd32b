// What a page cannot do without a script: live parts, times in the reader's zone, the choice of a theme. Everything
// else works without it.
(() => {
  "use strict";

  const root = document.documentElement;
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  const isDark = () =>
    (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  function switchTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  }

  function span(seconds) {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  }

  // How far the server's clock is from this one's: lengths of time are the server's.
  let ahead = 0;

  function times(within) {
    for (const time of within.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.valueOf())) continue;
      if (time.hasAttribute("data-ago")) {
        time.textContent = `${span((Date.now() + ahead - at.valueOf()) / 1000)} ago`;
      } else if (!time.hasAttribute("data-local")) {
        time.setAttribute("data-local", "");
        time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      }
    }
  }

  // The parts of a page that the server sends again whenever they change. Each stream begins with all of them, so that
  // what is shown is right after any pause.
  function live(host) {
    const state = document.querySelector("[data-live-state]");
    const say = (text) => {
      if (state && state.textContent !== text) state.textContent = text;
    };
    let source;
    let retry;

    function part(name, html) {
      const place = host.querySelector(`[data-part="${name}"]`);
      if (!place || place.contains(document.activeElement)) return;
      const open = new Set([...place.querySelectorAll("details[open]")].map((d) => d.id));
      place.innerHTML = html;
      for (const details of place.querySelectorAll("details")) {
        if (details.id && open.has(details.id)) details.open = true;
      }
      times(place);
    }

    function connect() {
      clearTimeout(retry);
      source = new EventSource(host.dataset.live);
      source.addEventListener("open", () => say("Live"));
      source.addEventListener("part", (event) => {
        const { name, html } = JSON.parse(event.data);
        part(name, html);
      });
      source.addEventListener("clock", (event) => {
        ahead = Number(event.data) - Date.now();
      });
      source.addEventListener("reload", () => location.reload());
      source.addEventListener("error", () => {
        say("Reconnecting…");
        if (source.readyState !== EventSource.CLOSED) return;
        // Refused: the sign-in has ended, or the process is gone. The page itself says which.
        retry = setTimeout(async () => {
          const answer = await fetch(location.href).catch(() => undefined);
          if (answer?.status === 401) location.reload();
          else connect();
        }, 2000);
      });
    }

    connect();
    addEventListener("pagehide", () => source.close());
  }

  // A form with secrets is sent without leaving the page: what was typed stays when it is refused, and the server never
  // sends a secret back.
  function keep(form) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      form.setAttribute("aria-busy", "true");
      const button = event.submitter;
      button?.setAttribute("aria-disabled", "true");
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body }).catch(() => undefined);
      if (!answer) {
        form.submit();
        return;
      }
      if (answer.redirected) {
        location.assign(answer.url);
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.querySelector("main")) {
        // A refusal for scripts: sent as a person would, it is a page.
        form.submit();
        return;
      }
      const main = document.querySelector("main");
      const typed = [...form.elements].filter((input) => input.matches("textarea, [type=password]"));
      main.innerHTML = page.querySelector("main").innerHTML;
      for (const input of typed) {
        const place = document.getElementById(input.id);
        if (place && !place.value) place.value = input.value;
      }
      document.querySelectorAll("form[data-keep]").forEach(keep);
      times(main);
      main.focus();
      scrollTo(0, 0);
    });
  }

  addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
    times(document);
    setInterval(() => times(document), 1000);
    document.querySelectorAll("[data-live]").forEach(live);
    document.querySelectorAll("form[data-keep]").forEach(keep);
    addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!button || button.formTarget) return;
      // The button stays usable for those who come back with the browser's own button.
      button.setAttribute("aria-disabled", "true");
      event.target.setAttribute("aria-busy", "true");
      setTimeout(() => button.removeAttribute("aria-disabled"), 10000);
    });
  });
})();

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

  // On narrow screens each row of a table is a list, for which its cells have to know their columns.
  function columns(within) {
    for (const table of within.querySelectorAll("table")) {
      const names = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
      if (names.length === 0) continue;
      table.classList.add("stacked");
      for (const cell of table.querySelectorAll("tbody td")) {
        if (cell.colSpan === 1 && names[cell.cellIndex]) cell.dataset.column = names[cell.cellIndex];
      }
    }
  }

  function dress(within) {
    columns(within);
    times(within);
  }

  // Whether somebody selects text, types or reads a question in a part, so that it must not be replaced now.
  function isBusy(place) {
    const selection = getSelection();
    if (!selection.isCollapsed && selection.getRangeAt(0).intersectsNode(place)) return true;
    const active = document.activeElement;
    if (place.contains(active) && active.matches("input, select, textarea")) return true;
    return place.querySelector("dialog[open], details[open] form") !== null;
  }

  // Shows a part as it is now, and leaves open what was open, sideways what was moved sideways, and the focus where it
  // was.
  function replace(place, html) {
    const open = new Set([...place.querySelectorAll("details[open]")].map((details) => details.id));
    const moved = new Map([...place.querySelectorAll(".scroll")].map((area) => [sign(area), area.scrollLeft]));
    const active = place.contains(document.activeElement) ? document.activeElement : undefined;
    const alike = (element) => [...place.querySelectorAll(element.tagName)].filter((e) => sign(e) === sign(element));
    const at = active && alike(active).indexOf(active);
    const around = active?.closest(".scroll");
    place.innerHTML = html;
    for (const details of place.querySelectorAll("details")) {
      if (details.id && open.has(details.id)) details.open = true;
    }
    for (const area of place.querySelectorAll(".scroll")) area.scrollLeft = moved.get(sign(area)) ?? 0;
    if (active) {
      const same = alike(active);
      const again = same[Math.min(at, same.length - 1)] ?? (around && alike(around)[0]);
      again?.focus({ preventScroll: true });
    }
    dress(place);
  }

  // What an element is known by when it comes again.
  function sign(element) {
    const label = element.getAttribute("aria-label");
    return element.id || JSON.stringify([label, element.getAttribute("href"), label ? "" : element.textContent]);
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

    // What came while somebody was busy with its part, by the name of the part.
    const waiting = new Map();
    let pressed = false;

    function part(name, html) {
      const place = host.querySelector(`[data-part="${name}"]`);
      if (!place) return;
      if (pressed || isBusy(place)) {
        waiting.set(name, html);
      } else {
        waiting.delete(name);
        replace(place, html);
      }
      say(waiting.size > 0 && !pressed ? "Updates are paused while you select or type" : "Live");
    }

    function goOn() {
      for (const [name, html] of waiting) part(name, html);
    }

    // A press whose target is replaced half way is lost.
    addEventListener("pointerdown", () => (pressed = true), true);
    for (const end of ["pointerup", "pointercancel", "dragend", "blur"]) {
      addEventListener(end, () => setTimeout(() => ((pressed = false), goOn())), true);
    }
    for (const end of ["focusout", "toggle", "close"]) addEventListener(end, () => setTimeout(goOn), true);
    document.addEventListener("selectionchange", goOn);

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
      source.addEventListener("error", async () => {
        say("Reconnecting…");
        const refused = source.readyState === EventSource.CLOSED;
        // The sign-in has ended, or the process is gone. The page itself says which.
        const answer = await fetch(location.href).catch(() => undefined);
        if (answer?.status === 401) location.reload();
        else if (refused) retry = setTimeout(connect, 2000);
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
      dress(main);
      main.focus();
      scrollTo(0, 0);
    });
  }

  addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
    dress(document);
    document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
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

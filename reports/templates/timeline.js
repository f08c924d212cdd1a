"use strict";
/* Pointing and zooming in the timeline. Without it, and on paper, the page says the same: pictures and tables are whole. */
(() => {
  const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
  const MOST = 64;

  const made = (name, attributes, parent) => {
    const one = document.createElementNS(parent.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    parent.append(one);
    return one;
  };

  const clock = (second, digits) => {
    const size = Math.abs(second), sign = second < 0 ? "\u2212" : "+";
    if (!Number(size.toFixed(digits))) return "0";
    if (size < 600) return sign + size.toFixed(digits) + " s";
    const whole = Math.round(size), two = (value) => String(value).padStart(2, "0");
    return sign + Math.floor(whole / 3600) + ":" + two(Math.floor(whole / 60) % 60) + ":" + two(whole % 60);
  };

  const lanes = (svg) => [...svg.querySelectorAll("g.lane")].map((lane) => ({
    name: lane.dataset.name,
    groups: lane.dataset.seen.split(" ").filter(Boolean).map((text) => {
      const [x, probes, slowest, bad, silent] = text.split(";");
      return { x: Number(x), probes, slowest, bad: bad.replaceAll("_", " "), silent };
    }),
  }));

  const said = (lane, x) => {
    const one = lane.groups.findLast((group) => group.x <= x);
    if (!one) return lane.name + ": not probed yet";
    const parts = [one.probes + (one.probes === "1" ? " probe" : " probes")];
    parts.push(one.bad ? "bad: " + one.bad : "none bad");
    if (one.silent) parts.push(one.silent + " not sent, or late by the prober's doing");
    if (one.slowest) parts.push("slowest answer " + one.slowest + " ms");
    return lane.name + ": " + parts.join(", ");
  };

  const live = (figure) => {
    const svg = figure.querySelector("svg"), data = svg.dataset;
    const width = Number(data.width), begin = Number(data.begin), end = Number(data.end), foot = Number(data.foot);
    const rows = lanes(svg), still = [...svg.querySelectorAll("[data-mark]")];
    const inside = (one) => !one.closest("[data-mark], defs, .axes") && !one.classList.contains("fixed");
    const flat = [...svg.querySelectorAll("rect, line, text")].filter(inside)
      .map((one) => [one, ["x", "x1", "x2", "width"].filter((name) => one.hasAttribute(name)).map((name) => [name, Number(one.getAttribute(name))])]);
    const paths = [...svg.querySelectorAll("path")].filter(inside);
    const labels = svg.querySelectorAll(".band-label");
    const axes = svg.querySelector(".axes"), whole = axes.innerHTML;
    let scale = 1, left = 0;

    const tools = made("div", { class: "tools" }, figure);
    const range = made("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": figure.querySelector("h3").textContent + ": moment" }, tools);
    const button = (text, label) => Object.assign(made("button", { type: "button", "aria-label": label, title: label }, tools), { textContent: text });
    const out = button("\u2212", "Zoom out"), into = button("+", "Zoom in"), all = button("All", "Show all of it");
    const told = made("p", { class: "told" }, figure);
    const cursor = made("line", { class: "cursor fixed", y1: 22, y2: foot, x1: -99, x2: -99 }, svg);
    told.textContent = "Point at the timeline or move the slider, to read what was seen at a moment.";

    const ticks = () => {
      if (scale === 1) { axes.innerHTML = whole; return; }
      const seconds = (end - begin) / scale, from = begin + left / width * (end - begin);
      const step = STEPS.find((one) => seconds / one <= 9) || seconds / 9;
      const digits = step < 1 ? Math.max(0, -Math.floor(Math.log10(step))) : 0;
      axes.replaceChildren();
      for (let at = Math.ceil(from / step) * step; at <= from + seconds; at += step) {
        const x = (at - from) / seconds * width;
        made("line", { class: "axis", x1: x, x2: x, y1: foot, y2: foot + 5 }, axes);
        made("text", { x, y: foot + 19, "text-anchor": x < 20 ? "start" : x > width - 24 ? "end" : "middle" }, axes).textContent = clock(at, digits);
      }
    };
    const at = () => Number(range.value) / 1000 * width;
    const draw = () => {
      left = Math.min(Math.max(0, left), width - width / scale);
      for (const [one, names] of flat) for (const [name, value] of names) {
        one.setAttribute(name, name === "width" ? value * scale : (value - left) * scale);
      }
      for (const one of paths) one.setAttribute("transform", "translate(" + -left * scale + " 0) scale(" + scale + " 1)");
      for (const one of still) one.setAttribute("transform", "translate(" + ((one.dataset.mark - left) * scale - one.dataset.mark) + " 0)");
      for (const one of labels) {
        const x = Number(one.getAttribute("x")), box = one.previousElementSibling;
        const right = Number(box.getAttribute("x")) + Number(box.getAttribute("width"));
        if (x < 5 && right > 90) one.setAttribute("x", 5);
      }
      const x = (at() - left) * scale;
      if (told.dataset.shown) { cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); }
      ticks();
      out.disabled = all.disabled = scale === 1;
      into.disabled = scale === MOST;
    };
    const tell = (x) => {
      range.value = Math.round(x / width * 1000);
      const second = begin + x / width * (end - begin);
      const text = [clock(second, 2), ...rows.map((lane) => said(lane, x))].join(" \u00b7 ");
      told.dataset.shown = "yes";
      told.textContent = text;
      range.setAttribute("aria-valuetext", text);
      draw();
    };
    const zoom = (factor, x) => {
      const before = (x - left) * scale;
      scale = Math.min(MOST, Math.max(1, scale * factor));
      left = x - before / scale;
      draw();
    };
    const pointed = (event) => {
      const box = svg.getBoundingClientRect();
      const shown = (event.clientX - box.left) / box.width * (width + 32) - 16;
      return Math.min(width, Math.max(0, left + shown / scale));
    };
    let held = null;
    svg.addEventListener("pointermove", (event) => {
      if (held === null || scale === 1) { tell(pointed(event)); return; }
      left += held - pointed(event);
      draw();
    });
    svg.addEventListener("pointerdown", (event) => { held = pointed(event); });
    for (const name of ["pointerup", "pointerleave"]) svg.addEventListener(name, () => { held = null; });
    svg.addEventListener("dblclick", (event) => zoom(2, pointed(event)));
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, pointed(event));
    }, { passive: false });
    range.addEventListener("input", () => {
      const x = at();
      if (x < left || x > left + width / scale) left = x - width / scale / 2;
      tell(x);
    });
    into.addEventListener("click", () => zoom(2, told.dataset.shown ? at() : left + width / scale / 2));
    out.addEventListener("click", () => zoom(0.5, told.dataset.shown ? at() : left + width / scale / 2));
    all.addEventListener("click", () => zoom(1 / MOST, 0));
    draw();
  };

  document.querySelectorAll("figure.timeline").forEach(live);
})();

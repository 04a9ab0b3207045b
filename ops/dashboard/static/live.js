// Keeps the page true: loads it again every second and brings the parts marked data-live up to date.
// The server renders everything; nothing here makes HTML of data. Without this script the page reloads itself.
"use strict";

const EVERY = 1000;
const KEPT = new Set(["open"]); // what the person did to an element stays

function bring(now, next) {
  if (now.isEqualNode(next)) return;
  const alike = now.nodeType === next.nodeType && now.nodeName === next.nodeName;
  if (!alike) return now.replaceWith(document.importNode(next, true));
  if (now.nodeType !== Node.ELEMENT_NODE) {
    now.nodeValue = next.nodeValue;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && !KEPT.has(name)) now.removeAttribute(name);
  }
  for (const { name, value } of [...next.attributes]) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  const from = [...now.childNodes];
  const to = [...next.childNodes];
  to.forEach((child, index) => {
    if (index < from.length) bring(from[index], child);
    else now.append(document.importNode(child, true));
  });
  from.slice(to.length).forEach((child) => child.remove());
}

async function look() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000), cache: "no-store" });
  if (!answer.ok) throw new Error(`answer ${answer.status}`);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = next.getElementById(part.id);
    if (fresh) bring(part, fresh);
  }
}

function say(isLost) {
  document.documentElement.classList.toggle("lost", isLost);
}

async function run() {
  let misses = 0;
  for (;;) {
    await new Promise((wake) => setTimeout(wake, EVERY * Math.min(2 ** misses, 10)));
    if (document.hidden) continue;
    try {
      await look();
      misses = 0;
    } catch {
      misses += 1;
    }
    say(misses > 2);
  }
}

run();

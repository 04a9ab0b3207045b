// Keeps the page true: at every reading of the server it loads the page and brings the parts marked data-live up to
// date. The server renders everything; nothing here makes HTML of data. Without this script the page reloads itself.
"use strict";

const ALONE = 5000; // between looks while there is no stream
const LOST = 15000; // without a good answer for so long, the page says that it is out of date
const CONNECTION = document.getElementById("connection"); // read aloud when its words change
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
  bringChildren(now, next);
}

// Rows that come and go are told apart by their name: what a person unfolded, or is about to press, must never
// turn into another row's.
function nameOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || "" : "";
}

function bringChildren(now, next) {
  const to = [...next.childNodes];
  const staying = new Set(to.map(nameOf));
  const named = new Map();
  for (const child of [...now.children]) {
    if (nameOf(child) && !staying.has(nameOf(child))) child.remove();
    else named.set(nameOf(child), child);
  }
  let place = now.firstChild;
  for (const child of to) {
    const name = nameOf(child);
    const known = name ? named.get(name) : place && !nameOf(place) ? place : null;
    if (known && known === place) place = place.nextSibling;
    else now.insertBefore(known || document.importNode(child, true), place);
    if (known) bring(known, child);
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}

let looking = false;
let goodAt = Date.now(); // when the page was last known to be up to date, or was asked to be again
let readAt = Date.now(); // when what it shows was read
let stream = null;
let paused = false;

async function look() {
  if (looking || paused || document.hidden) return;
  looking = true;
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000), cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
    if (!answer.ok) throw new Error(`answer ${answer.status}`);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (paused) return; // stopped while it was on its way
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(part.id);
      if (fresh) bring(part, fresh);
    }
    goodAt = readAt = Date.now();
    say(false);
  } catch {
    // said below once it lasts
  } finally {
    looking = false;
  }
}

// Nothing is dimmed: old figures are still to be read, and what they are is said above them, once for each loss.
function say(lost) {
  const was = document.documentElement.classList.contains("lost");
  document.documentElement.classList.toggle("lost", lost);
  if (lost && !was) {
    const time = `${new Date(readAt).toISOString().slice(11, 19)} UTC`;
    CONNECTION.textContent = `Connection lost, figures of ${time}. The page goes on trying.`;
  } else if (!lost && was) {
    CONNECTION.textContent = "Connected again, the figures are up to date.";
    setTimeout(() => {
      if (!document.documentElement.classList.contains("lost")) CONNECTION.textContent = "";
    }, ALONE);
  }
}

function listen() {
  // browsers allow few streams to one host: a page that nobody sees has none
  if (document.hidden) {
    if (stream) stream.close();
    stream = null;
  } else if (!stream || stream.readyState === EventSource.CLOSED) {
    stream = new EventSource("/live");
    stream.addEventListener("look", look);
  }
}

function addSwitch() {
  const place = document.querySelector(".who");
  if (!place) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.id = "updates";
  const name = () => {
    button.textContent = paused ? "Go on updating" : "Stop updating";
    document.documentElement.classList.toggle("still", paused);
  };
  button.addEventListener("click", () => {
    paused = !paused;
    name();
    if (paused) {
      document.documentElement.classList.remove("lost");
      CONNECTION.textContent = "";
    }
    goodAt = Date.now();
    look();
  });
  name();
  place.prepend(button);
}

addSwitch();
listen();
document.addEventListener("visibilitychange", () => {
  goodAt = Date.now();
  listen();
  look();
});
setInterval(() => {
  const lost = !paused && !document.hidden && Date.now() - goodAt > LOST;
  if (lost && stream) stream.close(); // a stream stays open without its server: the machine slept, a router forgot it
  listen();
  if (!stream || stream.readyState !== EventSource.OPEN) look();
  if (lost) say(true);
}, ALONE);

// The list of channels, and the way to the answer after Send.
const secret = window.location.hash.slice(1);
const TOUR = "start-here"; // the channel
const VIEWER = "paperboy-demo-viewer";
const SIGNS = {
  text: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  announcement: "M4 10v4h4l9 5V5L8 10ZM20 9a5 5 0 0 1 0 6",
  forum: "M4 5h16v10H11l-5 4v-4H4Z",
  thread: "M8 10h8M8 14h5",
  direct: "M4 5h16v11H9l-5 4ZM8 9h8M8 12h5",
};
const element = (id) => document.getElementById(id);
const ask = (path, method = "GET") =>
  fetch(path, { method, headers: { "X-Simcord-Capability": secret }, cache: "no-store" })
    .then((answer) => answer.json());

const list = document.createElement("ul");
list.className = "demo-channels";
list.setAttribute("aria-label", "Channels");
element("messages-toggle").lastChild.textContent = "Channels";
document.querySelector(".preview-brand strong").textContent = "Paperboy demo";
document.querySelector(".sidebar-heading h1").textContent = "Channels";
document.querySelector(".sidebar-heading").after(list);

let shown = null;
let drawn = "";

function reload() {
  sessionStorage.setItem(VIEWER, element("viewer-picker").value);
  window.location.reload();
}

async function open(id) {
  const answer = await ask(`/demo/channels/${id}`, "POST");
  if (answer.shown === id) reload();
}

function draw(channels) {
  const state = JSON.stringify([shown, channels]);
  if (state === drawn) return;
  drawn = state;
  list.replaceChildren(...channels.map(({ id, name, kind }) => {
    const item = document.createElement("li");
    item.classList.toggle("is-thread", kind === "thread");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.channelId = id;
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${SIGNS[kind]}"/></svg>`;
    button.append(Object.assign(document.createElement("span"), { textContent: name }));
    if (id === shown) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => void open(id));
    item.append(button);
    return item;
  }));
}

async function follow() {
  try {
    const answer = await ask("/demo/channels");
    shown ??= answer.shown;
    if (answer.shown !== shown) return reload(); // another tab has opened another channel
    draw(answer.channels);
  } catch { /* the demo has ended, or opens another channel */ }
  setTimeout(follow, 1000);
}
void follow();

// A viewer who was chosen stays chosen in the next channel, and the tour begins with its first message.
const viewer = sessionStorage.getItem(VIEWER);
const waiting = setInterval(() => {
  const picker = element("viewer-picker");
  if (!window.simcordPreview?.ready) return;
  clearInterval(waiting);
  if (element("channel-name").textContent === TOUR) element("channel-timeline").scrollTop = 0;
  if (!viewer || picker.value === viewer || ![...picker.options].some((option) => option.value === viewer)) return;
  picker.value = viewer;
  picker.dispatchEvent(new Event("change"));
}, 100);

// A message that arrives below comes into view from its top, once the page has placed it.
const timeline = element("channel-timeline");
let last = null;
new MutationObserver(() => {
  const messages = [...document.querySelectorAll("#channel-message-list .channel-message:not(:has(.message-system))")];
  const newest = messages.at(-1)?.dataset.messageId ?? null;
  if (newest === null) return;
  const isNew = last !== null && BigInt(newest) > BigInt(last);
  last = newest;
  if (isNew) setTimeout(() => scrollTo(newest), 150);
}).observe(element("channel-message-list"), { childList: true });

function scrollTo(id) {
  const message = document.querySelector(`.channel-message[data-message-id="${id}"]`);
  if (!message) return;
  const top = message.getBoundingClientRect().top - timeline.getBoundingClientRect().top;
  const room = timeline.clientHeight - message.getBoundingClientRect().height;
  timeline.scrollTop += room > 0 ? top - room : top;
  element("new-messages").hidden = true;
}

// The page that stands beside our window: a chat as web chats are made, with nothing in it that slows it.
// Each message is memoised, and streamed words are handed to React once a frame.
import { memo, useLayoutEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import Markdown from "react-markdown";
import { Virtuoso } from "react-virtuoso";
import rehypeHighlight from "rehype-highlight";
import remarkGfm from "remark-gfm";

const remark = [remarkGfm];
const rehype = [rehypeHighlight];

const Message = memo(function Message({ id, role, text }) {
  return (
    <article id={id} className={role}>
      <h6>{role === "user" ? "You" : "Model"}</h6>
      {role === "user" ? (
        <p>{text}</p>
      ) : (
        <Markdown remarkPlugins={remark} rehypePlugins={rehype}>
          {text}
        </Markdown>
      )}
    </article>
  );
});

function Whole({ messages }) {
  const field = useRef(null);
  useLayoutEffect(() => {
    field.current.scrollTop = field.current.scrollHeight;
  }, [messages]);
  return (
    <div className="scroll" ref={field}>
      {messages.map((message) => (
        <Message key={message.id} {...message} />
      ))}
    </div>
  );
}

function Virtual({ messages }) {
  return (
    <Virtuoso
      data={messages}
      computeItemKey={(_, message) => message.id}
      initialTopMostItemIndex={{ index: messages.length - 1, align: "end" }}
      itemContent={(_, message) => <Message {...message} />}
    />
  );
}

function Lane({ lane, grew }) {
  const [messages, setMessages] = useState(lane.messages);
  const field = useRef(null);
  const following = useRef(true);
  grew[lane.model] = setMessages;
  useLayoutEffect(() => {
    if (following.current) field.current.scrollTop = field.current.scrollHeight;
  }, [messages]);
  const scrolled = ({ currentTarget: at }) => {
    following.current = at.scrollHeight - at.scrollTop - at.clientHeight < 40;
  };
  return (
    <div className="scroll" ref={field} onScroll={scrolled}>
      {messages.map((message) => (
        <Message key={message.id} {...message} />
      ))}
    </div>
  );
}

function App({ shown }) {
  return (
    <>
      <nav>{shown.title}</nav>
      <main>
        {shown.kind === "whole" && <Whole messages={shown.messages} />}
        {shown.kind === "virtual" && <Virtual messages={shown.messages} />}
        {shown.kind === "lanes" &&
          shown.lanes.map((lane) => <Lane key={lane.model} lane={lane} grew={shown.grew} />)}
      </main>
    </>
  );
}

const root = createRoot(document.getElementById("root"));
const show = (shown) => flushSync(() => root.render(<App shown={shown} />));
// What a frame puts off comes after that frame is painted.
const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
const isInView = (id) => {
  const message = document.getElementById(id);
  if (!message?.checkVisibility({ visibilityProperty: true })) return false;
  const box = message.getBoundingClientRect();
  return box.height > 0 && box.bottom > 0 && box.bottom <= innerHeight + 1;
};

// Fetches the conversation and shows it; the milliseconds until its last message was painted, or null
// where that is not so after 10 s.
async function open(kind) {
  const began = performance.now();
  const messages = await (await fetch("/page/conversation.json")).json();
  show({ title: "A conversation", kind, messages });
  // The list that is virtual hides what it holds until it has measured it.
  while (!isInView(messages.at(-1).id)) {
    if (performance.now() - began > 10_000) return null;
    await painted();
  }
  await painted();
  return performance.now() - began;
}

async function close() {
  show({ title: "Nothing", kind: "nothing" });
  await painted();
}

// Asks each model the same in a column of its own. What comes is painted with the next frame, or with
// the first after `pause` milliseconds.
async function stream(models, pause) {
  const grew = {};
  const asked = { id: "q", role: "user", text: "Why?" };
  const lanes = models.map((model) => ({ model, messages: [asked] }));
  show({ title: "Side by side", kind: "lanes", lanes, grew });
  const texts = Object.fromEntries(models.map((model) => [model, ""]));
  const changed = new Set();
  const flush = () => {
    for (const model of changed) {
      const answer = { id: "a", role: "assistant", text: texts[model] };
      grew[model]([asked, answer]);
    }
    changed.clear();
  };
  const wait = (then) => (pause ? setTimeout(then, pause) : then());
  const said = (model, words) => {
    texts[model] += words;
    if (!changed.size) wait(() => requestAnimationFrame(flush));
    changed.add(model);
  };
  await Promise.all(models.map((model) => ask(model, (words) => said(model, words))));
  while (changed.size) await painted();
  await painted();
  return Object.values(texts).map((text) => text.length);
}

async function ask(model, said) {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Why?" }] });
  const answer = await fetch("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.slice("data: ".length);
      if (data === "[DONE]") continue;
      const words = JSON.parse(data).choices[0]?.delta.content;
      if (words) said(words);
    }
  }
}

window.bench = { open, close, stream };
show({ title: "Nothing", kind: "nothing" });

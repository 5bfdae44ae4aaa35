"use strict";
const search = document.getElementById("search");
const found = document.getElementById("found");
const calls = [...document.querySelectorAll(".call")];
const sections = [...document.querySelectorAll("section")];

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const call of calls) {
    call.hidden = !words.every((word) => call.dataset.text.includes(word));
    count += call.hidden ? 0 : 1;
  }
  for (const section of sections) {
    section.hidden = ![...section.querySelectorAll(".call")].some((call) => !call.hidden);
  }
  found.textContent = words.length ? `${count} of ${calls.length} found` : "";
  if (count === 1) {
    calls.find((call) => !call.hidden).open = true;
  }
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target && target.matches(".call")) {
    target.open = true;
    target.scrollIntoView();
  }
}

search.form.hidden = false;
search.form.addEventListener("submit", (event) => event.preventDefault());
search.addEventListener("input", show);
addEventListener("hashchange", openTarget);
openTarget();
show();

/* What the pages can do beyond being read: mark a symbol everywhere, copy code, and be worked by keyboard alone. */
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Pointing at a symbol, or focusing its row in a table, marks it in formulas, tables and code.
  const mark = (key) => {
    for (const old of all(".marked")) old.classList.remove("marked");
    if (!key) return;
    for (const found of all(`[data-sym="${key}"]`)) found.classList.add("marked");
  };
  const key = (target) => target.closest?.("[data-sym]")?.dataset.sym;
  const symbols = () => {
    for (const first of all("td:first-child [data-sym]")) {
      const row = first.closest("tr");
      if (row.cells[1]?.querySelector(".swatch")) Object.assign(row, { tabIndex: 0 }).dataset.sym = first.dataset.sym;
    }
    for (const kind of ["pointerover", "focusin", "click"]) {
      document.addEventListener(kind, (event) => mark(key(event.target)));
    }
    document.addEventListener("focusout", () => mark());
    document.addEventListener("keydown", (event) => event.key === "Escape" && mark());
  };

  // A button on each block of code.
  const copied = document.createElement("p");
  const copy = async (block, button) => {
    let done = true;
    try {
      await navigator.clipboard.writeText(block.textContent);
    } catch {
      getSelection().selectAllChildren(block);
      done = document.execCommand("copy");
      if (done) getSelection().removeAllRanges();
    }
    button.textContent = copied.textContent = done ? "Copied" : "Press Ctrl+C";
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = "Copy";
      copied.textContent = "";
      button.classList.remove("done");
    }, 2000);
  };
  const buttons = () => {
    copied.setAttribute("role", "status");
    copied.className = "unseen";
    document.body.append(copied);
    for (const block of all(".highlight pre > code")) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy-code", textContent: "Copy" });
      button.addEventListener("click", () => copy(block, button));
      block.closest(".highlight").append(button);
    }
  };

  // Boxes are a stop of the Tab key only while they scroll.
  const boxes = () => {
    const stop = (box) => (box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1);
    const seen = new ResizeObserver((entries) => entries.forEach(({ target }) => stop(target)));
    for (const box of all(".scroll, .equation")) seen.observe(box);
  };

  // The theme opens menu and search by labels, which no key reaches: buttons take their place.
  const labels = () => {
    for (const [name, title, part] of [["drawer", "Contents", "sidebar"], ["search", "Search", "search"]]) {
      const toggle = document.getElementById(`__${name}`);
      const box = Object.assign(document.querySelector(`.md-${part}`), { id: `${name}-box` });
      const label = document.querySelector(`.md-header__button[for=__${name}]`);
      const button = Object.assign(document.createElement("button"), { type: "button", className: `${label.className} to-${name}`, ariaLabel: title });
      const state = () => button.setAttribute("aria-expanded", toggle.checked);
      button.setAttribute("aria-controls", box.id);
      button.append(...label.childNodes);
      button.addEventListener("click", () => {
        toggle.click();
        box.querySelector(".md-search__input")?.focus();
      });
      toggle.addEventListener("change", state);
      state();
      document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !toggle.checked) return;
        toggle.click();
        button.focus();
      });
      label.replaceWith(button);
    }
  };

  symbols();
  buttons();
  boxes();
  labels();
})();

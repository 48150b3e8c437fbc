"use strict";

// Uploads files that are chosen, dropped or pasted, one after the other, with progress.
// Without JavaScript, the button sends the same form.

(() => {
    const section = document.querySelector("[data-attach]");
    if (!section) {
        return;
    }
    const form = document.getElementById(section.dataset.attach);
    const input = section.querySelector("input[type='file']");
    const list = section.querySelector("[data-progress]");
    let last = Promise.resolve();

    section.querySelector("button[type='submit']").remove();
    section.querySelector("[data-hint]").hidden = false;

    // A line with the name, a bar, and a button that ends the upload.
    function showProgress(file) {
        const line = document.createElement("li");
        line.className = "file";
        const name = document.createElement("span");
        name.className = "file-name";
        name.dir = "auto";
        name.textContent = file.name;
        const bar = document.createElement("progress");
        bar.max = 1;
        bar.value = 0;
        bar.setAttribute("aria-label", file.name);
        const cancel = document.createElement("button");
        cancel.type = "button";
        cancel.className = "quiet";
        cancel.textContent = list.dataset.cancel;
        line.append(name, bar, cancel);
        list.append(line);
        return {line, bar, cancel};
    }

    function dataOf(file) {
        const data = new FormData(form);
        data.delete("file");
        data.set("once", section.querySelector("[name='once']").value);
        data.append("file", file, file.name);
        return data;
    }

    function send(file, {bar, cancel}) {
        return new Promise((resolve, reject) => {
            const request = new XMLHttpRequest();
            request.upload.addEventListener("progress", (event) => {
                if (event.lengthComputable) {
                    bar.value = event.loaded / event.total;
                }
            });
            request.addEventListener("load", () => resolve(request));
            request.addEventListener("error", () => reject(new Error("failed")));
            request.addEventListener("abort", () => resolve(null));
            cancel.addEventListener("click", () => request.abort());
            request.open("POST", form.action);
            request.send(dataOf(file));
        });
    }

    // The answer is the page again, with the new file or a message that refuses it.
    async function upload(file, shown) {
        if (!shown.line.isConnected) {
            return; // cancelled while it waited
        }
        const answer = await send(file, shown);
        if (answer) {
            const page = new DOMParser().parseFromString(answer.responseText, "text/html");
            document.dispatchEvent(new CustomEvent("page-received", {detail: {page, ok: answer.status < 400}}));
        }
        shown.line.remove();
    }

    function add(files) {
        for (const file of files) {
            const shown = showProgress(file);
            shown.cancel.addEventListener("click", () => shown.line.remove());
            last = last.then(() => upload(file, shown)).catch(() => {
                shown.bar.replaceWith(list.dataset.failed);
                shown.cancel.remove();
            });
        }
    }

    input.addEventListener("change", () => {
        add([...input.files]);
        input.value = "";
    });

    function holdsFiles(event) {
        return [...event.dataTransfer.types].includes("Files");
    }

    for (const kind of ["dragenter", "dragover"]) {
        section.addEventListener(kind, (event) => {
            if (holdsFiles(event)) {
                event.preventDefault();
                section.classList.add("is-target");
            }
        });
    }
    for (const kind of ["dragleave", "drop"]) {
        section.addEventListener(kind, (event) => {
            if (!section.contains(event.relatedTarget)) {
                section.classList.remove("is-target");
            }
        });
    }
    section.addEventListener("drop", (event) => {
        if (holdsFiles(event)) {
            event.preventDefault();
            add([...event.dataTransfer.files]);
        }
    });

    // Text is pasted as usual; an image may come with the address of its page as text.
    document.addEventListener("paste", (event) => {
        const files = [...event.clipboardData.files];
        if (files.length) {
            event.preventDefault();
            add(files);
        }
    });
})();

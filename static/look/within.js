"use strict";

// Labels, assignees and parents depend on the todo's list: search within the selected list.
django.jQuery(($) => {
    const list = $("#id_list");
    const others = $("[data-within='id_list']");

    // Select2's search field has no accessible name.
    const nameSearch = (_index, select) => {
        const search = $(select).next(".select2").find(".select2-search__field");
        search.attr("aria-label", select.labels[0]?.textContent.trim());
    };
    others.each(nameSearch);

    list.on("change", () => {
        others.each((index, select) => {
            const element = $(select);
            const address = new URL(element.attr("data-ajax--url"), location.href);
            address.searchParams.set("list", list.val() ?? "");
            const url = address.pathname + address.search;
            element.attr("data-ajax--url", url).data("ajax--url", url);
            element.select2("destroy");
            element.djangoAdminSelect2();
            nameSearch(index, select);
        });
    });
});

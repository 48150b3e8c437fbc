"use strict";

// What a todo may point at depends on its list: ask within the list that is chosen now.
django.jQuery(($) => {
    const list = $("#id_list");
    list.on("change", () => {
        $("[data-within='id_list']").each((_index, select) => {
            const element = $(select);
            const address = new URL(element.attr("data-ajax--url"), location.href);
            address.searchParams.set("list", list.val() ?? "");
            const url = address.pathname + address.search;
            element.attr("data-ajax--url", url).data("ajax--url", url);
            element.select2("destroy");
            element.djangoAdminSelect2();
        });
    });
});

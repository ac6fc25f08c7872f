/* The files of the dashboard inside the program, one behind the other; assets_table.inc says where each begins. */
    .section .rodata
    .global offx_web_assets
    .type offx_web_assets, %object
    .balign 16
offx_web_assets:
    .incbin OFFX_WEB_ASSETS
    .byte 0
    .size offx_web_assets, . - offx_web_assets
    .section .note.GNU-stack, "", %progbits
